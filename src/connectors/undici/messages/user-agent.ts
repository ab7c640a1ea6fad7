import {version} from '../../../utils/version.ts';

/** What a request says of itself when its caller says nothing. Browsers let nobody say it, so this is Node's alone. */
export const userAgent = `aiofetch/${version}`;
