import type {ResponsePromise} from 'ky';
import type {CallOptions, KyOptions} from './call-options.ts';
import type {OutgoingCall} from './fetch-call.ts';
import type {SessionHost} from './session-host.ts';

/** What the verbs of a session are made with. */
export interface VerbsSettings extends Omit<KyOptions, 'searchParams'> {
  /** Of the session and of the sessions that it descends from, in this order. */
  readonly searchParams: ReadonlyArray<KyOptions['searchParams']>;
}

/** Sends a call with hooks through ky. Returns `undefined` for a call without hooks. */
export type CallThroughKy = (outgoing: OutgoingCall, options: CallOptions) => ResponsePromise | undefined;

/** What verbs need to take hooks. Without it, they refuse them, and a bundle has no ky. */
export interface HookSupport {
  /** @throws InvalidOptionError, UnsupportedOptionError */
  check(options: Pick<CallOptions, 'hooks' | 'context'>): void;
  create(host: SessionHost, settings: VerbsSettings): CallThroughKy;
}
