import {version} from '../../../utils/version.ts';

/** The User-Agent of requests whose caller sets none. It is used on Node only, because browsers don't let a script set it. */
export const userAgent = `aiofetch/${version}`;
