import type {Connector} from './connector.ts';

/**
 * A session's `fetch` may be put in the place of the global one, which a connector looks up: neither may call itself
 * without an end. So each knows its connector; and where something stands between the two, what the connector hands to
 * the global one says where it comes from, in its init and, for who makes a new one of that, while it's being called.
 *
 * @module
 */

type Fetch = typeof globalThis.fetch;

const connectorOf = new WeakMap<object, Connector>();

// Across copies of the package.
const origin = Symbol.for('aiofetch.origin');

let calling: Connector | undefined;

/** Has it known that this `fetch` sends through that connector. */
export function rememberFetch(fetch: object, connector: Connector): void {
  connectorOf.set(fetch, connector);
}

/** The connector that handed this on to the global `fetch`, behind which it now comes up again. */
export function originOf(init: object | null | undefined): Connector | undefined {
  return calling ?? (init as {[origin]?: Connector} | null | undefined)?.[origin];
}

/** The global `fetch`, if that doesn't lead back to where the request comes from. */
export function foreignFetch(connector: Connector, cameFrom: unknown): Fetch | undefined {
  const {fetch} = globalThis;
  return cameFrom || connectorOf.get(fetch) === connector ? undefined : fetch;
}

/** Calls a `fetch` for a connector. */
export function handOn(
  connector: Connector,
  fetch: Fetch,
  url: string,
  init: RequestInit,
): Promise<Response> {
  const before = calling;
  calling = connector;
  try {
    return fetch(url, {...init, [origin]: connector} as RequestInit);
  } finally {
    calling = before;
  }
}
