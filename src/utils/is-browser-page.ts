// Pages and their workers have a place. There the standard's rules for what a page may know hold: a redirect that isn't
// followed is opaque.
export const isBrowserPage = typeof globalThis.location === 'object';
