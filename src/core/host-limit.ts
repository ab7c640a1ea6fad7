/** What one request showed of its host's load. */
export interface LimitSample {
  /** Of the answer, if there was one. */
  readonly status: number | undefined;
  /** What the request ended with before there was an answer: a failure, a timeout, the reason of an abort. */
  readonly error: unknown;
  /** When it was sent, in ms; on a connection that was there already, where the connector sees that. */
  readonly sentAt: number;
  /** Now, on the same clock. */
  readonly now: number;
  /** Slots of the host in use, this request's included. */
  readonly active: number;
}

/** The limit of one host, which moves. */
export interface HostLimit {
  /** Slots it may have at this moment; a whole number from 1. Moves in `observe` only. */
  readonly limit: number;
  /** Called when a request has been answered, its body not read yet, or has failed. */
  observe(sample: LimitSample): void;
}

/** A host that nothing is going on with, and what is known of it. */
export interface KnownHost {
  readonly active: 0;
  readonly queued: 0;
  readonly idle: 0;
  readonly limit: number;
}

/** The limits of one connector's hosts. */
export interface HostLimits {
  /** The limit of a host: what was learned of it, if it was in use lately. */
  of(origin: string): HostLimit;
  /** By origin, as in the connector's `stats()`. */
  stats(): Readonly<Record<string, KnownHost>>;
}

/** A `limitPerHost` that is found out: {@link adaptiveLimit} makes one, and so may anyone. */
export interface AdaptiveLimit {
  /** What no host's limit goes over. */
  readonly max: number;
  /** Called once by each connector. */
  hosts(): HostLimits;
}
