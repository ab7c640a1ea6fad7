import type {ConnectorCapabilities} from '../core/connector.ts';
import type {RequestTimeouts} from '../core/request.ts';
import {UnsupportedOptionError} from '../errors/index.ts';
import {checkDuration, checkKnown, isObject} from '../utils/check-options.ts';

/** Timeouts, in ms. 0, `Infinity` and `false` mean no limit. */
export interface TimeoutOptions {
  /**
   * For the whole call, with its retries, its redirects and the body of its response.
   *
   * @default none
   */
  readonly total?: number | false | undefined;
  /**
   * For one attempt, from the moment it has its slot to the end of its body.
   *
   * @default none
   */
  readonly attempt?: number | false | undefined;
  /**
   * For the wait for a slot.
   *
   * @default none
   */
  readonly pool?: number | false | undefined;
  /**
   * For opening a connection: DNS, TCP and TLS. Only for a connector that opens connections itself.
   *
   * @default 10_000, set by the connector
   */
  readonly connect?: number | false | undefined;
  /**
   * For the silence of the server before the head of the response, and between two chunks of its body. It doesn't run
   * while the request is being sent, nor while the caller doesn't read. Over a native fetch that doesn't show the end of a
   * large upload (above 64 KiB), it begins with the response. On Deno, Bun and workers, and over `fetchConnector`, a timeout of
   * 30 s or more bounds the whole body if its `Content-Length` is 64 KiB or less.
   *
   * @default 300_000, as in Node's fetch
   */
  readonly read?: number | false | undefined;
}

/** The `timeout` option. A number means `total`. */
export type Timeout = number | false | TimeoutOptions;

/** Checked timeouts. `undefined` means no limit. */
export interface Timeouts extends RequestTimeouts {
  readonly total: number | undefined;
}

/** The timeouts of a session without the `timeout` option. */
export const defaultTimeouts: Timeouts = {
  total: undefined,
  attempt: undefined,
  pool: undefined,
  connect: undefined,
  read: 300_000,
};

const phases = /* @__PURE__ */ Object.keys(defaultTimeouts);

/**
 * Merges the `timeout` option of a session or call into other timeouts.
 *
 * @throws InvalidOptionError for a value that is not a duration; UnsupportedOptionError for an unknown timeout, and for a
 * timeout that the connector can't measure
 */
export function mergeTimeouts(
  base: Timeouts,
  timeout: Timeout | undefined,
  connector: {readonly name: string; readonly capabilities: ConnectorCapabilities},
): Timeouts {
  if (timeout === undefined) return base;
  if (!isObject(timeout)) return {...base, total: checkDuration('timeout', timeout)};
  checkKnown('timeout', timeout, phases);
  const merged: Record<string, number | undefined> = {...base};
  for (const phase of Object.keys(timeout)) {
    const option = `timeout.${phase}`;
    const value = timeout[phase as keyof TimeoutOptions];
    if (value === undefined) continue;
    if (phase === 'connect' && !connector.capabilities.connectTimeout) {
      throw new UnsupportedOptionError(
        option,
        `the ${connector.name} connector`,
        'the runtime opens the connections',
      );
    }
    // `Infinity` rather than `undefined` for `connect`, because the connector would use its own default for `undefined`.
    merged[phase] = checkDuration(option, value) ?? (phase === 'connect' ? Infinity : undefined);
  }
  return merged as unknown as Timeouts;
}
