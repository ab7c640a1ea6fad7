import type {Platform} from '../../core/platform.ts';
import {sharedPlatform} from '../base/shared-platform.ts';
import {bunConnector} from '../native/bun.ts';

/** The platform of Bun. */
export const platform: Platform = {...sharedPlatform, defaultConnector: bunConnector};

/** The same: `aiofetch/core` has a smaller connector in pages only. */
export {platform as corePlatform};
