/** The phases of a request, in the order of its life. */
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

/** What each phase means, for the legend. */
export const phaseMeanings: Readonly<Record<Phase, string>> = {
  paused: 'held by the rate limit',
  queued: 'waits for a slot of the connector',
  connecting: 'DNS, TCP and TLS',
  waiting: 'sent, no response yet',
  receiving: 'the body is arriving',
  'backing-off': 'failed; waits before the next attempt',
};

/** An error as plain data, with all its members. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  /** Its other members: code, phase, attempts, status and so on. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly stack?: string | undefined;
  readonly cause?: ErrorRecord | undefined;
}

/** The state of the pool at one moment. */
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
 * The events of a run, as plain data, so that they can come from another process. Times are in ms on the clock of the
 * process that runs the burst; `index` counts its requests from 0, `attempt` from 1.
 */
export type RunEvent =
  | readonly [type: 'begin', time: number]
  | readonly [type: 'start', time: number, index: number]
  /** An attempt enters a phase; with `null` it leaves its phase. */
  | readonly [type: 'phase', time: number, index: number, attempt: number, phase: Phase | null]
  /** An attempt has ended. */
  | readonly [type: 'attempt', time: number, index: number, attempt: number, result: AttemptResult]
  | readonly [type: 'settled', time: number, index: number, result: CallResult]
  | readonly [type: 'pool', time: number, sample: PoolSample]
  | readonly [type: 'end', time: number];

export interface AttemptResult {
  readonly status?: number | undefined;
  readonly bytes: number;
  /** Whether it was sent: it ended neither in the queue nor while connecting. */
  readonly isSent: boolean;
  /** Whether it reused a connection; `undefined` where the runtime doesn't tell. */
  readonly reused?: boolean | undefined;
  /** How often the connector sent it again, on another connection. */
  readonly resent?: number | undefined;
  readonly error?: string | undefined;
}

interface CallResult {
  readonly status?: number | undefined;
  readonly error?: ErrorRecord | undefined;
}
