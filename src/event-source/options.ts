import {isStreamLike, type RequestBody} from '../core/body.ts';
import {type CallOptions, checkReadOptions, type ReadOptions} from '../session/call-options.ts';
import {checkMaxLength} from '../streams/max-length.ts';
import {
  assertOption,
  checkDuration,
  checkFunction,
  checkNumber,
  checkStatuses,
} from '../utils/check-options.ts';

/** The argument of {@link EventSourceOptions.onReconnect}. */
export interface Reconnection {
  /** The delay before the next attempt, in ms. */
  readonly delay: number;
  /** The number of attempts in a row that got no stream of events. */
  readonly failures: number;
  /** The id of the event after which the next attempt continues. */
  readonly lastEventId: string;
  /** The error that ended the stream; `undefined` if the server ended it. */
  readonly error: unknown;
}

/** A method of a request for events, in upper case. */
export type EventSourceMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Options of {@link eventSource}. The options of a verb hold for each of its requests. */
export interface EventSourceOptions extends Omit<ReadOptions, 'retry' | 'timeout'> {
  /**
   * The method of the requests.
   *
   * @default 'GET', and 'POST' with a `body` or `json`
   */
  readonly method?: EventSourceMethod | undefined;
  /** The body of each request. A stream can be sent once: give a function that makes it, or `reconnect: false`. */
  readonly body?: RequestBody | null | undefined;
  /** A value that is sent as JSON, in place of `body`. */
  readonly json?: unknown;
  /**
   * When the event source connects again:
   *
   * - `true`: after every end of a stream, and after a failure
   * - `'resume'`: only after a stream that broke off or fell silent, if one of its events had an id, so that the server can
   *   continue after it
   * - `false`: never
   *
   * @default true for GET, and 'resume' for other methods, whose work a server may otherwise begin anew
   */
  readonly reconnect?: boolean | 'resume' | undefined;
  /**
   * The method of requests that continue after an event. MCP servers (Streamable HTTP) want `'GET'`, which is sent without the
   * body.
   *
   * @default the value of `method`
   */
  readonly resumeMethod?: 'GET' | undefined;
  /**
   * The id of the event to continue after: the `lastEventId` of an earlier event source.
   *
   * @default ''
   */
  readonly lastEventId?: string | undefined;
  /**
   * The maximal length of an event, in characters (UTF-16 code units). A longer event ends the event source with an error whose
   * code is `ERR_EVENT_TOO_LONG`.
   *
   * @default 16_777_216
   */
  readonly maxLength?: number | undefined;
  /**
   * The delay before connecting again, in ms, until the server gives another one (`retry`). A delay of the server counts as
   * one second at least and as five minutes at most.
   *
   * @default 3_000
   */
  readonly reconnectDelay?: number | undefined;
  /**
   * The longest delay, in ms. Each failed attempt in a row doubles the delay up to this value, or up to the server's `retry`
   * if that is longer.
   *
   * @default 30_000
   */
  readonly maxReconnectDelay?: number | undefined;
  /**
   * The number of attempts in a row that may fail.
   *
   * @default Infinity
   */
  readonly maxFailures?: number | undefined;
  /**
   * The statuses after which another attempt is made, with regard to a `Retry-After` of up to five minutes. The HTML standard has no such statuses:
   * any status but 200 ends an `EventSource`.
   *
   * @default []
   */
  readonly reconnectStatuses?: readonly number[] | undefined;
  /**
   * The time in ms after which a silent connection counts as broken and is replaced. A comment ends the silence: servers send
   * comments to keep connections alive.
   *
   * @default 60_000
   */
  readonly idleTimeout?: number | false | undefined;
  /** Called before each delay. An error that it throws ends the event source. */
  readonly onReconnect?: ((reconnection: Reconnection) => void) | undefined;
}

/** The checked options: those of the event source, and the options of its requests. */
export interface EventSourceSettings {
  readonly call: CallOptions;
  readonly method: EventSourceMethod;
  readonly resumeMethod: EventSourceMethod;
  readonly reconnect: boolean | 'resume';
  readonly lastEventId: string;
  readonly maxLength: number;
  readonly reconnectDelay: number;
  readonly maxReconnectDelay: number;
  readonly maxFailures: number;
  readonly reconnectStatuses: readonly number[];
  readonly onReconnect: EventSourceOptions['onReconnect'];
}

const methods: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] satisfies EventSourceMethod[];

const own = [
  'method',
  'body',
  'json',
  'reconnect',
  'resumeMethod',
  'lastEventId',
  'maxLength',
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
  const hasBody = (options.body ?? options.json) !== undefined;
  const {
    method = hasBody ? 'POST' : 'GET',
    reconnect = method === 'GET' || 'resume',
    resumeMethod = method,
    lastEventId = '',
    maxLength,
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
  assertOption(methods.includes(method), 'method', method, methods.join(', '));
  assertOption(!hasBody || method !== 'GET', 'method', method, 'another than GET with a body');
  assertOption(
    typeof reconnect === 'boolean' || reconnect === 'resume',
    'reconnect',
    reconnect,
    "a boolean or 'resume'",
  );
  assertOption(
    resumeMethod === 'GET' || resumeMethod === method,
    'resumeMethod',
    resumeMethod,
    'GET or the method',
  );
  assertOption(
    !reconnect || !options.body || !isStreamLike(options.body),
    'body',
    options.body,
    'a function that makes the stream, or anything that can be sent again; or reconnect: false',
  );
  return {
    method,
    resumeMethod,
    reconnect,
    call: {
      ...rest,
      retry: false,
      // A stream of events may have no end.
      timeout: {
        total: false,
        attempt: false,
        read: checkDuration('idleTimeout', idleTimeout, 60_000) ?? false,
      },
    },
    lastEventId,
    maxLength: checkMaxLength(maxLength),
    reconnectDelay: checkNumber('reconnectDelay', reconnectDelay, 3_000),
    maxReconnectDelay: checkNumber('maxReconnectDelay', maxReconnectDelay, 30_000),
    maxFailures: checkNumber('maxFailures', maxFailures, Infinity, {whole: true}),
    reconnectStatuses: checkStatuses('reconnectStatuses', reconnectStatuses, []),
    onReconnect: checkFunction('onReconnect', onReconnect),
  };
}
