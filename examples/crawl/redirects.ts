// Fetch, "HTTP-redirect fetch": more than twenty in a row is a network error.
const mostRedirects = 20;

/** Where pages redirect to, so that redirects which lead nowhere are told from those that do. */
export interface Redirects {
  /** Notes a redirect; gives why it can't be followed, if so. */
  add(from: string, to: string, before: number): 'redirect loop' | 'too many redirects' | undefined;
}

export function createRedirects(): Redirects {
  const targets = new Map<string, string>();
  return {
    add(from, to, before) {
      targets.set(from, to);
      // Each address is asked for once, so a loop shows only when its last member has been: look where this one leads.
      for (let next: string | undefined = to; next !== undefined; next = targets.get(next)) {
        if (next === from) return 'redirect loop';
      }
      return before >= mostRedirects ? 'too many redirects' : undefined;
    },
  };
}
