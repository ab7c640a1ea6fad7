import type {ResponsePromise} from 'ky';
import type {CallOptions, KyOptions} from './call-options.ts';
import type {OutgoingCall} from './fetch-call.ts';
import type {SessionHost} from './session-host.ts';

/** The options of a session that its verbs use. */
export interface VerbsSettings extends Omit<KyOptions, 'searchParams'> {
  /** The search parameters of the sessions that this one descends from, the oldest first, and then its own. */
  readonly searchParams: ReadonlyArray<KyOptions['searchParams']>;
}

/** Sends a call with hooks through ky. Returns `undefined` for a call without hooks. */
export type CallThroughKy = (outgoing: OutgoingCall, options: CallOptions) => ResponsePromise | undefined;

/** Adds hooks to verbs. Verbs without it refuse hooks, and a bundle with only such verbs contains no ky. */
export interface HookSupport {
  /** Names of the options that verbs take in addition. */
  readonly options: readonly string[];
  /** @throws InvalidOptionError, UnsupportedOptionError */
  check(options: Pick<CallOptions, 'hooks' | 'context'>): void;
  create(host: SessionHost, settings: VerbsSettings): CallThroughKy;
}
