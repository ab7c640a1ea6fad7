import type {Connector} from './connector.ts';

/**
 * Prevents endless recursion. A program may replace the global `fetch` by a session's `fetch`, whose connector looks up
 * the global `fetch` again. Two records break the circle:
 *
 * - Each session's `fetch` is mapped to its connector, so that the connector doesn't call it.
 * - Another function may stand between the two. So the connector puts itself into the `init` that it passes to the global
 *   `fetch`. If that function makes a new `init`, the module's variable still names the connector during the call.
 *
 * @module
 */

type Fetch = typeof globalThis.fetch;

const connectorOf = new WeakMap<object, Connector>();

// Registered, so that all copies of the package share the symbol.
const origin = Symbol.for('aiofetch.origin');

let calling: Connector | undefined;

/** Records that this `fetch` sends through that connector. */
export function rememberFetch(fetch: object, connector: Connector): void {
  connectorOf.set(fetch, connector);
}

/** The connector whose call of the global `fetch` led to this call, if there is one. */
export function originOf(init: object | null | undefined): Connector | undefined {
  return calling ?? (init as {[origin]?: Connector} | null | undefined)?.[origin];
}

/** The global `fetch`, if it doesn't lead back to the connector. */
export function foreignFetch(connector: Connector, cameFrom: unknown): Fetch | undefined {
  const {fetch} = globalThis;
  return cameFrom || connectorOf.get(fetch) === connector ? undefined : fetch;
}

/** Calls a `fetch` on behalf of a connector, which {@link originOf} then finds. */
export function callFetch(
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
