import {type CallOptions, checkReadOptions, type ReadOptions} from '../session/call-options.ts';
import {
  assertOption,
  checkDuration,
  checkFunction,
  checkNumber,
  checkStatuses,
} from '../utils/check-options.ts';

/** What {@link EventSourceOptions.onReconnect} is told. */
export interface Reconnection {
  /** How long it is to be until the next attempt, in ms. */
  readonly delay: number;
  /** How many attempts in a row have not got a stream of events. */
  readonly failures: number;
  /** What it goes on from. */
  readonly lastEventId: string;
  /** What the stream broke off with; `undefined` when the server ended it. */
  readonly error: unknown;
}

/** Options of {@link eventSource}. What a verb takes holds for each of its requests. */
export interface EventSourceOptions extends Omit<ReadOptions, 'retry' | 'timeout'> {
  /**
   * The id to go on from, as an earlier one's `lastEventId` told it.
   *
   * @default ''
   */
  readonly lastEventId?: string | undefined;
  /**
   * How long to wait before connecting again, in ms, until the server says otherwise (`retry`).
   *
   * @default 3_000
   */
  readonly reconnectDelay?: number | undefined;
  /**
   * Each attempt in a row that fails doubles the wait, up to this, in ms, or what the server said, if that is more.
   *
   * @default 30_000
   */
  readonly maxReconnectDelay?: number | undefined;
  /**
   * How many attempts in a row may fail.
   *
   * @default Infinity
   */
  readonly maxFailures?: number | undefined;
  /**
   * Statuses that are worth another attempt; a `Retry-After` is obeyed. The HTML standard has none of them: any status
   * but 200 is the end.
   *
   * @default []
   */
  readonly reconnectStatuses?: readonly number[] | undefined;
  /**
   * How long the server may send nothing at all, in ms, before the connection is taken for dead and replaced. Comments
   * count: they are what servers say that they are still there with.
   *
   * @default 60_000
   */
  readonly idleTimeout?: number | false | undefined;
  /** Called before each wait. What it throws ends it. */
  readonly onReconnect?: ((reconnection: Reconnection) => void) | undefined;
}

/** Options, checked: its own, and what its requests have. */
export interface EventSourceSettings {
  readonly call: CallOptions;
  readonly lastEventId: string;
  readonly reconnectDelay: number;
  readonly maxReconnectDelay: number;
  readonly maxFailures: number;
  readonly reconnectStatuses: readonly number[];
  readonly onReconnect: EventSourceOptions['onReconnect'];
}

const own = [
  'lastEventId',
  'reconnectDelay',
  'maxReconnectDelay',
  'maxFailures',
  'reconnectStatuses',
  'idleTimeout',
  'onReconnect',
];

/** @throws InvalidOptionError */
export function checkEventSource(
  session: {readonly fetch: object},
  options: EventSourceOptions,
): EventSourceSettings {
  checkReadOptions('eventSource', options, session, own, ['retry', 'timeout']);
  const {
    lastEventId = '',
    reconnectDelay,
    maxReconnectDelay,
    maxFailures,
    reconnectStatuses,
    idleTimeout,
    onReconnect,
    signal: _,
    ...rest
  } = options;
  assertOption(
    typeof lastEventId === 'string' && !/[\0\r\n]/.test(lastEventId),
    'lastEventId',
    lastEventId,
    'a string of one line',
  );
  return {
    call: {
      ...rest,
      retry: false,
      // It has no end that one could wait for.
      timeout: {
        total: false,
        attempt: false,
        read: checkDuration('idleTimeout', idleTimeout, 60_000) ?? false,
      },
    },
    lastEventId,
    reconnectDelay: checkNumber('reconnectDelay', reconnectDelay, 3_000),
    maxReconnectDelay: checkNumber('maxReconnectDelay', maxReconnectDelay, 30_000),
    maxFailures: checkNumber('maxFailures', maxFailures, Infinity, {whole: true}),
    reconnectStatuses: checkStatuses('reconnectStatuses', reconnectStatuses, []),
    onReconnect: checkFunction('onReconnect', onReconnect),
  };
}
