import {mostRedirects} from './bounds.ts';

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
      // The redirects may lead into a loop that does not contain this address.
      let next: string | undefined = to;
      for (let hops = 0; next !== undefined && hops < mostRedirects; hops++) {
        if (next === from) return 'redirect loop';
        next = targets.get(next);
      }
      return next !== undefined || before >= mostRedirects ? 'too many redirects' : undefined;
    },
  };
}
