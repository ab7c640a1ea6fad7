/** The format of HAR 1.2, what of it is written and read here. Sizes are bytes, -1: not known; times are ms, -1: not had. */
export interface Har {
  log: HarLog;
}

/** What a HAR holds: who wrote it, and the exchanges in the order they began. */
export interface HarLog {
  version: string;
  creator: {name: string; version: string; comment?: string};
  entries: HarEntry[];
  comment?: string;
}

/** One request that was sent, and what came of it: a call has one for each attempt and each redirect. */
export interface HarEntry {
  /** ISO 8601. */
  startedDateTime: string;
  /** The sum of the timings, without `ssl`, which is in `connect`. */
  time: number;
  request: HarRequest;
  response: HarResponse;
  cache: object;
  timings: HarTimings;
  serverIPAddress?: string;
  comment?: string;
}

/** A request as it was sent, with `REDACTED` for what is not to be seen. */
export interface HarRequest {
  method: string;
  url: string;
  httpVersion: string;
  cookies: HarPair[];
  headers: HarPair[];
  queryString: HarPair[];
  postData?: {mimeType: string; text: string; comment?: string};
  headersSize: number;
  bodySize: number;
}

/** What came back. */
export interface HarResponse {
  /** 0: there was none. */
  status: number;
  statusText: string;
  httpVersion: string;
  cookies: HarPair[];
  headers: HarPair[];
  content: HarContent;
  redirectURL: string;
  headersSize: number;
  bodySize: number;
  /** Why there was none, or not all of it: the error's code, as browsers' tools have it. */
  _error?: string;
}

/** A response's body: its text where it is recorded, and its size in bytes: once decoded where that is known, else as received. */
export interface HarContent {
  size: number;
  mimeType: string;
  text?: string;
  /** `base64` for what is no text. */
  encoding?: string;
  comment?: string;
}

/** How long each phase took, in ms; -1: it doesn't apply. `ssl` is a part of `connect`. */
export interface HarTimings {
  blocked: number;
  dns: number;
  connect: number;
  ssl: number;
  send: number;
  wait: number;
  receive: number;
}

/** A header, a cookie or a parameter of the query. */
export interface HarPair {
  name: string;
  value: string;
}
