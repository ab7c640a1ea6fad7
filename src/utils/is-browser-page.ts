/**
 * Whether this runs in a page or in a worker of one, which have a `location`. Pages can't see a redirect that isn't followed
 * (Fetch, "opaque-redirect filtered response").
 */
export const isBrowserPage = typeof globalThis.location === 'object';
