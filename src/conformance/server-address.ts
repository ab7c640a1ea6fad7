/** Where a conformance server listens: what the suite needs to know of it, as plain data, so that it can be sent to another process. */
export interface ConformanceServerAddress {
  /** Three origins of the one server. To a connector they are three hosts. */
  readonly origins: readonly [string, string, string];
  /** A fourth, over which the suite asks the server what it saw, past the connector. */
  readonly control: string;
  /** An origin where nothing listens. */
  readonly refused: string;
  /** An origin with TLS and HTTP/2, which streams are sent to where it is set: pages send them over nothing less. */
  readonly secure?: string | undefined;
}

/** What the server saw of the requests of one room. Each case has a room of its own. */
export interface RoomStats {
  /** Requests that arrived and whose response hasn't ended. */
  readonly active: number;
  /** The most of them there ever were, over all origins. */
  readonly peak: number;
  /** The most of them there ever were on one origin. */
  readonly peakPerOrigin: number;
  /** Requests that arrived, by their `label` in the query, in order. */
  readonly arrivals: readonly string[];
  /** Requests whose connection was cut before the response had ended. */
  readonly cut: number;
  /** Requests that wait to be released. */
  readonly held: number;
  /** Bytes of request bodies that arrived. */
  readonly received: number;
  /** Bytes of the bodies of `/bytes` that it was asked to send, those in its buffers included. */
  readonly sent: number;
  /** Connections that this room's requests came over: how many there were, are open now, were open at most. */
  readonly sockets: {readonly total: number; readonly open: number; readonly peak: number};
}

/** What `/echo` answers: the request as it arrived. */
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
