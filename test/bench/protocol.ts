/**
 * What the harness and its processes say to each other: a JSON text a line, a command on standard input, its answer on
 * standard output. Lines rather than Node's own channel, so that clients in other languages take part.
 *
 * @module
 */

/** The first line of a client: it is ready, or why it can't take part. */
export interface ClientReady {
  readonly version?: string;
  readonly unavailable?: string;
}

/** The first line of the server. */
export interface ServerReady {
  readonly software: string;
  /** Origin of what is small and fixed. */
  readonly origin: string;
  /** Origin of what takes bodies, or streams them. */
  readonly bodyOrigin: string;
  /** Many origins that serve the same. */
  readonly hosts: readonly string[];
  /** Who serves `origin` and `bodyOrigin`. */
  readonly pid: number;
  readonly bodyPid: number;
}

type Operation = 'json' | 'post' | 'bytes' | 'gzip';

/** The same request over and over, a number of them at once, measured in the middle of it. */
export interface RateCommand {
  readonly task: 'rate';
  readonly operation: Operation;
  readonly url: string;
  /** What `post` sends. */
  readonly value?: unknown;
  /** What the first answer has to be: no client is fast by getting something else. */
  readonly expected: unknown;
  readonly concurrency: number;
  /** How long it runs before it is measured, and then measured, in ms. */
  readonly ramp: number;
  readonly window: number;
}

/** One large body, and what memory it takes. */
export interface TransferCommand {
  readonly task: 'transfer';
  readonly direction: 'download' | 'upload';
  readonly origin: string;
  readonly bytes: number;
}

/** Many requests started at once, over some URLs in turn; `repeat` times, one batch after the other. */
export interface BatchCommand {
  readonly task: 'batch';
  readonly urls: readonly string[];
  readonly count: number;
  readonly repeat: number;
}

/** Many inputs through a bounded worker that does nothing. */
export interface InputsCommand {
  readonly task: 'inputs';
  readonly count: number;
  readonly repeat: number;
}

export type Command = RateCommand | TransferCommand | BatchCommand | InputsCommand;

/** One measurement. */
export interface Sample {
  /** Requests, bytes or inputs. */
  readonly work: number;
  readonly seconds: number;
  /** CPU time of the client's process, all threads, in seconds. */
  readonly cpu: number;
  /** The most memory it held, in bytes above what it held before. */
  readonly peak?: number;
  /** How much of its core the server took, from 0 to 1, where the harness can see that. */
  readonly serverLoad?: number;
}

export type Answer = Sample | {readonly error: string};
