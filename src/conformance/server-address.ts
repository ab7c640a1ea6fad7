/** The addresses of a conformance server, as plain data that can be sent to another process. */
export interface ConformanceServerAddress {
  /** Three origins of the same server. For a connector they are three hosts. */
  readonly origins: readonly [string, string, string];
  /** A fourth origin, where the suite asks for the statistics of the server without using the connector. */
  readonly control: string;
  /** An origin where nothing listens. */
  readonly refused: string;
  /** An origin with TLS and HTTP/2. Where it is set, streams are uploaded to it, since pages can stream uploads over HTTP/2 only. */
  readonly secure?: string | undefined;
}

/** The statistics of the server about the requests of one room. Each case has its own room. */
export interface RoomStats {
  /** How many requests have arrived and not ended. */
  readonly active: number;
  /** The highest value of `active` so far, over all origins. */
  readonly peak: number;
  /** The highest number of active requests on one origin so far. */
  readonly peakPerOrigin: number;
  /** The `label` in the query of each request (its path without one), in the order of arrival. */
  readonly arrivals: readonly string[];
  /** How many requests lost their connection before the response had ended. */
  readonly cut: number;
  /** How many requests wait to be released. */
  readonly held: number;
  /** How many bytes of request bodies have arrived. */
  readonly received: number;
  /** How many bytes of `/bytes` the server has written, including those in its buffers. */
  readonly sent: number;
  /** The connections that the requests of this room used: all of them, those open now, and the most that were open at once. */
  readonly sockets: {readonly total: number; readonly open: number; readonly peak: number};
}

/** The response of `/echo`: the request as it arrived. */
export interface Echo {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body in base64. */
  readonly body: string;
  readonly size: number;
}
