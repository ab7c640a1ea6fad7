/** How long a connection that is asked to close may take before it is cut, in ms. */
export const closeGrace = 50;

/**
 * After how long a rest a request that can't be sent twice first waits a turn, in ms: a server closes connections
 * that rest, seldom others, and what it did since the event loop last looked isn't known yet.
 */
export const longIdle = 10;

/** How long a connection may be of use. */
export interface Lifespan {
  /** How long it may be idle when the server says nothing of that, in ms. */
  readonly keepAliveTimeout: number;
  /** How long it may be idle whatever the server says, in ms. */
  readonly keepAliveMaxTimeout: number;
  /** How many requests it may serve; `Infinity`: any number. */
  readonly maxRequests: number;
  /** How old it may be when it is given a request, in ms; `Infinity`: of any age. */
  readonly maxAge: number;
}
