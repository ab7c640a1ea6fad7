/**
 * The messages between the harness and its processes: one JSON text on each line, commands on standard input, answers on
 * standard output. Lines rather than Node's own channel, so that clients in other languages can take part.
 *
 * @module
 */

/** The answer of a process of clients to {@link LoadCommand}: the client is ready, or can't take part for a reason. */
export interface ClientReady {
  readonly version?: string;
  readonly unavailable?: string;
}

/** Loads a client. The Python process takes its only client from its arguments, and answers without being asked. */
export interface LoadCommand {
  readonly task: 'load';
  readonly peer: string;
}

/** The first line of the server. */
export interface ServerReady {
  readonly software: string;
  /** The origin of small, fixed responses. */
  readonly origin: string;
  /** The origin that takes bodies and sends large ones. */
  readonly bodyOrigin: string;
  /** The same as `bodyOrigin`, over TLS. */
  readonly secureOrigin: string;
  /** Small, fixed responses over HTTP/2 and TLS. */
  readonly http2Origin: string;
  /** A file with the certificate of the authority that has issued the server's. */
  readonly authority: string;
  /** Many origins with the same responses. */
  readonly hosts: readonly string[];
  /** The processes that serve `origin` and `bodyOrigin`. */
  readonly pid: number;
  readonly bodyPid: number;
}

type Operation = 'json' | 'post' | 'bytes' | 'gzip' | 'upload';

/** Sends the same request again and again, several at once, and measures for a while. */
export interface RateCommand {
  readonly task: 'rate';
  readonly operation: Operation;
  readonly url: string;
  /** The value that `post` sends, or the number of bytes that `upload` sends. */
  readonly value?: unknown;
  /** The expected value of the first response: no client must be fast because it got something else. */
  readonly expected: unknown;
  readonly concurrency: number;
  /** How long it runs before it is measured (`ramp`), and how long it is measured (`window`), in ms. */
  readonly ramp: number;
  readonly window: number;
}

/** Transfers one large body, and measures the memory as well. */
export interface TransferCommand {
  readonly task: 'transfer';
  readonly direction: 'download' | 'upload';
  readonly origin: string;
  readonly bytes: number;
}

/** Starts many requests at once, over the URLs in turn; `repeat` batches, one after another. */
export interface BatchCommand {
  readonly task: 'batch';
  readonly urls: readonly string[];
  readonly count: number;
  readonly repeat: number;
}

/** Sends many inputs through a bounded worker that does nothing. */
export interface InputsCommand {
  readonly task: 'inputs';
  readonly count: number;
  readonly repeat: number;
}

export type Command = RateCommand | TransferCommand | BatchCommand | InputsCommand;

/** A command with the name of the client that carries it out. */
export type PeerCommand = Command & {readonly peer: string};

/** One measurement. */
export interface Sample {
  /** The number of requests, bytes or inputs. */
  readonly work: number;
  readonly seconds: number;
  /** CPU time of all threads of the client's process, in seconds. */
  readonly cpu: number;
  /** The most memory that the process held, in bytes above what it held before. */
  readonly peak?: number;
  /** The share of its core that the server used, from 0 to 1, where the harness can see it. */
  readonly serverLoad?: number;
}

export type Answer = Sample | {readonly error: string};
