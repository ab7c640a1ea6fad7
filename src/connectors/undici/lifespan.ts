/** How long a connection may take to close before it is destroyed, in ms. */
export const closeGrace = 50;

/**
 * How long a connection must have been idle, in ms, for a request that can't be repeated to wait one turn of the event loop.
 * Servers close idle connections, and the event loop learns of that only in its next turn.
 */
export const longIdle = 10;

/** How long a connection may be used. */
export interface Lifespan {
  /** How long a connection may be idle if the server announces no time, in ms. */
  readonly keepAliveTimeout: number;
  /** How long a connection may be idle at most, whatever time the server announces, in ms. */
  readonly keepAliveMaxTimeout: number;
  /** How many requests a connection may serve; `Infinity` is no limit. */
  readonly maxRequests: number;
  /** How old a connection may be when it is given a request, in ms; `Infinity` is no limit. */
  readonly maxAge: number;
}
