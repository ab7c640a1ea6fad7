/**
 * Records what sessions send and receive as HAR 1.2, and replays such recordings.
 *
 * @module
 */
import type {TraceEventBase, TraceListener} from '../core/trace.ts';
import {assertOption, checkKnown, checkNumber} from '../utils/check-options.ts';
import {version} from '../utils/version.ts';
import type {RecordSettings} from './entry.ts';
import {Recording} from './entry.ts';
import type {Har} from './format.ts';
import {createRedaction} from './redact.ts';

export type {
  Har,
  HarContent,
  HarEntry,
  HarLog,
  HarPair,
  HarRequest,
  HarResponse,
  HarTimings,
} from './format.ts';
export type {ReplayableHar, ReplayOptions} from './replay.ts';
export {harHandler} from './replay.ts';

/** Options of {@link recordHar}. */
export interface HarOptions {
  /**
   * Whether bodies are recorded. A number is the largest body that is recorded, in bytes; `true` stands for 64 KiB. Nothing
   * in bodies is redacted.
   *
   * @default false
   */
  readonly bodies?: boolean | number | undefined;
  /**
   * Whether credentials, cookies and query values are replaced by `REDACTED`. Credentials are the headers of auth schemes,
   * and all headers whose names look like credentials, such as `private-token` and `x-goog-api-key`.
   *
   * @default true
   */
  readonly redact?: boolean | undefined;
  /** Further headers whose values are replaced. Upper and lower case are the same. */
  readonly redactHeaders?: readonly string[] | undefined;
  /**
   * The most requests that are kept. The oldest is dropped first.
   *
   * @default 1_000
   */
  readonly maxEntries?: number | undefined;
}

/** The result of {@link recordHar}. */
export interface HarRecorder {
  /** The listener for the `trace` option of sessions. */
  readonly listener: TraceListener;
  /** The recording so far, including requests under way. */
  toJSON(): Har;
  /** Waits until the bodies that are being recorded have been read. */
  flush(): Promise<void>;
  /** Removes everything that was recorded so far. */
  clear(): void;
}

const defaultBodySize = 64 * 1024;

/**
 * Records the requests and responses of sessions as HAR 1.2, for `JSON.stringify` and tools that show HAR files. Credentials,
 * cookies and query values are replaced by `REDACTED`, unless `redact` is false.
 *
 * @throws InvalidOptionError when an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {recordHar} from 'aiofetch/har';
 *
 * const recorder = recordHar();
 * await using session = createSession({trace: [recorder.listener]});
 * await session.get('https://example.com/').text();
 * console.log(JSON.stringify(recorder, undefined, 2));
 * ```
 */
export function recordHar(options: HarOptions = {}): HarRecorder {
  checkKnown('recordHar', options, ['bodies', 'redact', 'redactHeaders', 'maxEntries']);
  const {bodies = false, redact = true, redactHeaders = []} = options;
  assertOption(typeof redact === 'boolean', 'recordHar.redact', redact, 'true or false');
  assertOption(
    Array.isArray(redactHeaders),
    'recordHar.redactHeaders',
    redactHeaders,
    'a list of header names',
  );
  const maxEntries = checkNumber('recordHar.maxEntries', options.maxEntries, 1_000, {min: 1, whole: true});
  const settings: RecordSettings = {
    maxBodySize:
      typeof bodies === 'boolean'
        ? bodies
          ? defaultBodySize
          : undefined
        : checkNumber('recordHar.bodies', bodies, undefined, {whole: true}),
    redaction: createRedaction(redact, redactHeaders),
  };
  let recordings: Recording[] = [];
  const running = new Map<string, Recording>();
  const reading = new Set<Promise<unknown>>();

  const keyOf = ({call, attempt}: TraceEventBase) => `${call.id}/${attempt}`;

  const listener: TraceListener = (event, {request, response}) => {
    const {type, time} = event;
    const key = keyOf(event);
    const recording = running.get(key);
    const isNext = type === 'requestRedirect' || type === 'requestResent';
    if (recording && isNext) recording.ended(time, type === 'requestResent' ? event.error : undefined);
    if (request && (type === 'attemptStart' || isNext)) {
      const next = new Recording(event, request, settings);
      running.set(key, next);
      recordings.push(next);
      if (recordings.length > maxEntries) recordings.shift();
      return;
    }
    recording?.hear(event);
    if (recording && type === 'responseHeadersReceived' && response) {
      const read = recording.answered(response);
      if (read) {
        reading.add(read);
        void read.finally(() => reading.delete(read));
      }
    }
    if (recording && type === 'attemptEnd') {
      recording.ended(time, event.error);
      running.delete(key);
    }
  };

  return {
    listener,
    toJSON: () => ({
      log: {
        version: '1.2',
        creator: {name: 'aiofetch', version},
        entries: recordings.map((recording) => recording.toEntry()),
      },
    }),
    async flush() {
      while (reading.size > 0) await Promise.all(reading);
    },
    clear() {
      recordings = [];
    },
  };
}
