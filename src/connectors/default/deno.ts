import type {Platform} from '../../core/platform.ts';
import {sharedPlatform} from '../base/shared-platform.ts';
import {denoConnector} from '../native/deno.ts';

/** The platform of Deno. */
export const platform: Platform = {...sharedPlatform, defaultConnector: denoConnector};

/** The same: `aiofetch/core` has a smaller connector in pages only. */
export {platform as corePlatform};
