/**
 * Cookie jars for sessions outside of pages. Needs the package `tough-cookie`.
 *
 * @module
 */
export {CookieStoreError} from './error.ts';
export type {CookieJarOptions} from './jar.ts';
export {cookieJar} from './jar.ts';
export type {KeyvLike, KeyvStoreOptions} from './keyv-store.ts';
export {keyvStore} from './keyv-store.ts';
export {fromNetscape, toNetscape} from './netscape.ts';
export type {Cookie, CookieJar, CookieStore, NewCookie, SameSite} from './types.ts';
