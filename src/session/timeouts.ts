import type {ConnectorCapabilities} from '../core/connector.ts';
import type {RequestTimeouts} from '../core/request.ts';
import {UnsupportedOptionError} from '../errors/index.ts';
import {checkDuration, checkKnown, isObject} from '../utils/check-options.ts';

/** Limits of time, in ms; 0, `Infinity` or `false`: none. */
export interface TimeoutOptions {
  /**
   * The whole call, with its retries, redirects and body.
   *
   * @default none
   */
  readonly total?: number | false | undefined;
  /**
   * One attempt, from its slot to the end of its body.
   *
   * @default none
   */
  readonly attempt?: number | false | undefined;
  /**
   * The wait for a slot.
   *
   * @default none
   */
  readonly pool?: number | false | undefined;
  /**
   * Opening a connection: DNS, TCP and TLS. Only where the connector dials itself.
   *
   * @default 10_000 (of the connector)
   */
  readonly connect?: number | false | undefined;
  /**
   * Silence of the server: for the head of the response, or between two chunks of its body. Not while the request is
   * still being sent, nor while the reader is the slow one. Over a native fetch, where the end of a large upload (above
   * 64 KiB) can't be seen, it begins with the response.
   *
   * @default 30_000
   */
  readonly read?: number | false | undefined;
}

/** As options come; a number is `total`. */
export type Timeout = number | false | TimeoutOptions;

/** Timeouts as the session keeps them: checked, `undefined` for none. */
export interface Timeouts extends RequestTimeouts {
  readonly total: number | undefined;
}

export const defaultTimeouts: Timeouts = {
  total: undefined,
  attempt: undefined,
  pool: undefined,
  connect: undefined,
  read: 30_000,
};

const phases = /* @__PURE__ */ Object.keys(defaultTimeouts);

/**
 * Lays the timeouts of a session or call over those it begins with.
 *
 * @throws InvalidOptionError for a phase or duration that can't be; UnsupportedOptionError for one the connector can't see
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
        'its runtime opens connections, and does not report when',
      );
    }
    // For connect, none has to be said out loud: the connector has a limit of its own.
    merged[phase] = checkDuration(option, value) ?? (phase === 'connect' ? Infinity : undefined);
  }
  return merged as unknown as Timeouts;
}
