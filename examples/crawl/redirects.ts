// Fetch, "HTTP-redirect fetch": more than twenty in a row is a network error.
const mostRedirects = 20;

/** The redirects of pages, so that loops and long chains are found. */
export interface Redirects {
  /** Records a redirect, and tells why it can't be followed; `undefined` if it can. */
  add(from: string, to: string, before: number): 'redirect loop' | 'too many redirects' | undefined;
}

export function createRedirects(): Redirects {
  const targets = new Map<string, string>();
  return {
    add(from, to, before) {
      targets.set(from, to);
      // Each address is requested once, so a loop is complete only at its last member: follow the chain from there.
      for (let next: string | undefined = to; next !== undefined; next = targets.get(next)) {
        if (next === from) return 'redirect loop';
      }
      return before >= mostRedirects ? 'too many redirects' : undefined;
    },
  };
}
