import {openBody} from '../../core/open-body.ts';
import type {Platform} from '../../core/platform.ts';
import {fetchConnector} from '../native/fetch.ts';

/** The platform of workers, and of runtimes without a connector of their own. */
export const platform: Platform = {defaultConnector: fetchConnector, openBody};

/** The same: `aiofetch/core` has a smaller connector in pages only. */
export {platform as corePlatform};
