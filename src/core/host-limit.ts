/** The outcome of one request, as a sign of its host's load. */
export interface LimitSample {
  /** The status of the response, if there was one. */
  readonly status: number | undefined;
  /** The error that ended the request before its response: a failure, a timeout or the reason of an abort. */
  readonly error: unknown;
  /** When the request was sent, in ms. If the connector can see that, this is after the connection was opened. */
  readonly sentAt: number;
  /** The present time, on the same clock. */
  readonly now: number;
  /** Slots of the host in use, this request's included. */
  readonly active: number;
}

/** The changing limit of one host. */
export interface HostLimit {
  /** The most slots at this moment; a whole number from 1. Only `observe` changes it. */
  readonly limit: number;
  /** Called when the head of a response has arrived, or when a request has failed before that. */
  observe(sample: LimitSample): void;
}

/** A host without requests, and its learned limit. */
export interface KnownHost {
  readonly active: 0;
  readonly queued: 0;
  readonly idle: 0;
  readonly limit: number;
}

/** The limits of one connector's hosts. */
export interface HostLimits {
  /** The limit of a host. It begins with the learned value if the host was used recently. */
  of(origin: string): HostLimit;
  /** The learned limits by origin, for the connector's `stats()`. */
  stats(): Readonly<Record<string, KnownHost>>;
}

/** A `limitPerHost` that changes with each host's responses. `adaptiveLimit()` makes one. You can write your own. */
export interface AdaptiveLimit {
  /** The most slots of any host. */
  readonly max: number;
  /** Makes the limits of one connector's hosts. Called once by each connector. */
  hosts(): HostLimits;
}
