type Fetch = typeof globalThis.fetch;

// Node's own is JavaScript that brings in the undici inside Node, and that is in its text: in another realm's too, as
// tests have one, and whether it was replaced before this is loaded or after.
const textOfNodes = /\binternal\/deps\/undici\b/;

let nodes: Fetch | undefined;
const others = new WeakSet<Fetch>();

/** The global `fetch`, where that is not Node's own any more. */
export function replacedFetch(): Fetch | undefined {
  const {fetch} = globalThis;
  if (fetch === nodes || typeof fetch !== 'function') return undefined;
  if (others.has(fetch)) return fetch;
  if (textOfNodes.test(Function.prototype.toString.call(fetch))) {
    nodes = fetch;
    return undefined;
  }
  others.add(fetch);
  return fetch;
}
