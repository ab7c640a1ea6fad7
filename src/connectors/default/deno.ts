import {openBody} from '../../core/open-body.ts';
import type {Platform} from '../../core/platform.ts';
import {denoConnector} from '../native/deno.ts';

/** The platform of Deno. */
export const platform: Platform = {defaultConnector: denoConnector, openBody};

/** The same: `aiofetch/core` has a smaller connector in pages only. */
export {platform as corePlatform};
