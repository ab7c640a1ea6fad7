import type {Platform} from '../../core/platform.ts';
import {sharedPlatform} from '../base/shared-platform.ts';
import {fetchConnector} from '../native/fetch.ts';

/** The platform of workers, and of runtimes without a connector of their own. */
export const platform: Platform = {...sharedPlatform, defaultConnector: fetchConnector};

/** The same: `aiofetch/core` has a smaller connector in pages only. */
export {platform as corePlatform};
