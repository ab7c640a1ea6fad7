/** What can be seen of a request at a time, in the order of a request's life. */
export const phases = ['paused', 'queued', 'connecting', 'waiting', 'receiving', 'backing-off'] as const;

export type Phase = (typeof phases)[number];

export const phaseNames: Readonly<Record<Phase, string>> = {
  paused: 'Paused',
  queued: 'Queued',
  connecting: 'Connecting',
  waiting: 'Waiting',
  receiving: 'Receiving',
  'backing-off': 'Backing off',
};

/** What each phase means, for those who meet it for the first time. */
export const phaseMeanings: Readonly<Record<Phase, string>> = {
  paused: 'held by the rate limit',
  queued: 'waits for a slot of the connector',
  connecting: 'DNS, TCP and TLS',
  waiting: 'sent, no answer yet',
  receiving: 'the body is arriving',
  'backing-off': 'has failed, tries again soon',
};

/** An error as plain data, with all that it says. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  /** Its other members: code, phase, attempts, status and whatever else there is. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly stack?: string | undefined;
  readonly cause?: ErrorRecord | undefined;
}

/** The pool at one moment. */
export interface PoolSample {
  readonly time: number;
  readonly limit: number;
  readonly limitPerHost: number;
  readonly active: number;
  readonly queued: number;
  readonly idle: number;
  readonly hosts: Readonly<
    Record<
      string,
      {
        readonly active: number;
        readonly queued: number;
        readonly idle: number;
        readonly limit?: number | undefined;
      }
    >
  >;
}

/**
 * What happens in a run, as plain data, so that it can come from another process. Times are in ms on the clock of
 * whoever runs it; `index` counts the burst's requests from 0, `attempt` from 1.
 */
export type RunEvent =
  | readonly [type: 'begin', time: number]
  | readonly [type: 'start', time: number, index: number]
  /** An attempt enters a phase; `undefined` (`null` as JSON): it leaves the one it was in. */
  | readonly [type: 'phase', time: number, index: number, attempt: number, phase: Phase | null]
  /** An attempt is over. */
  | readonly [type: 'attempt', time: number, index: number, attempt: number, result: AttemptResult]
  | readonly [type: 'settled', time: number, index: number, result: CallResult]
  | readonly [type: 'pool', time: number, sample: PoolSample]
  | readonly [type: 'end', time: number];

export interface AttemptResult {
  readonly status?: number | undefined;
  readonly bytes: number;
  /** Whether it left: it did not end in the queue or on the way to a connection. */
  readonly isSent: boolean;
  /** Whether it went over a connection that was open; unknown where the runtime doesn't say. */
  readonly reused?: boolean | undefined;
  /** How often the connector sent it anew, on another connection. */
  readonly resent?: number | undefined;
  readonly error?: string | undefined;
}

interface CallResult {
  readonly status?: number | undefined;
  readonly error?: ErrorRecord | undefined;
}
