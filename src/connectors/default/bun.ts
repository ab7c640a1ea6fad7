import {openBody} from '../../core/open-body.ts';
import type {Platform} from '../../core/platform.ts';
import {bunConnector} from '../native/bun.ts';

/** The platform of Bun. */
export const platform: Platform = {defaultConnector: bunConnector, openBody};

/** The same: `aiofetch/core` has a smaller connector in pages only. */
export {platform as corePlatform};
