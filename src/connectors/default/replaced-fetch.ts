type Fetch = typeof globalThis.fetch;

// Node's own `fetch` is a JavaScript function whose source text loads the undici inside Node. The test of that text also
// works for the `fetch` of another realm, as test runners have, and for a `fetch` that was replaced before this module
// was loaded.
const sourceOfNodeFetch = /\binternal\/deps\/undici\b/;

let nodeFetch: Fetch | undefined;
const replacements = new WeakSet<Fetch>();

/** Node's own `fetch`, if it has been the global one at some time since this module was loaded. */
export function ownFetch(): Fetch | undefined {
  replacedFetch();
  return nodeFetch;
}

/** The global `fetch` if it is not Node's own. */
export function replacedFetch(): Fetch | undefined {
  const {fetch} = globalThis;
  if (fetch === nodeFetch || typeof fetch !== 'function') return undefined;
  if (replacements.has(fetch)) return fetch;
  if (sourceOfNodeFetch.test(Function.prototype.toString.call(fetch))) {
    nodeFetch = fetch;
    return undefined;
  }
  replacements.add(fetch);
  return fetch;
}

// Remembers Node's own, unless it was replaced before this module was loaded.
replacedFetch();
