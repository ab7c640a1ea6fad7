/** A HAR 1.2 document, with the members that this module writes and reads. Sizes are in bytes, or -1 if unknown; times are in ms, or -1 if they don't apply. */
export interface Har {
  log: HarLog;
}

/** The contents of a HAR: its creator, and the exchanges in the order in which they began. */
export interface HarLog {
  version: string;
  creator: {name: string; version: string; comment?: string};
  entries: HarEntry[];
  comment?: string;
}

/** One request and its response. A call has an entry for each attempt and each redirect. */
export interface HarEntry {
  /** The time in ISO 8601. */
  startedDateTime: string;
  /** The sum of the timings except `ssl`, which `connect` includes. */
  time: number;
  request: HarRequest;
  response: HarResponse;
  cache: object;
  timings: HarTimings;
  serverIPAddress?: string;
  comment?: string;
}

/** A request as it was sent, with `REDACTED` for secret values. */
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

/** The response to a request. */
export interface HarResponse {
  /** The status; 0 when there was no response. */
  status: number;
  statusText: string;
  httpVersion: string;
  cookies: HarPair[];
  headers: HarPair[];
  content: HarContent;
  redirectURL: string;
  headersSize: number;
  bodySize: number;
  /** The code of the error, when the response is missing or incomplete. Browsers' tools use the same name. */
  _error?: string;
}

/** The body of a response: its text if bodies are recorded, and its size in bytes, decoded if that is known, or else as received. */
export interface HarContent {
  size: number;
  mimeType: string;
  text?: string;
  /** `base64` for a body that is not text. */
  encoding?: string;
  comment?: string;
}

/** The duration of each phase in ms; -1 when the phase doesn't apply. `ssl` is a part of `connect`. */
export interface HarTimings {
  blocked: number;
  dns: number;
  connect: number;
  ssl: number;
  send: number;
  wait: number;
  receive: number;
}

/** A header, a cookie or a query parameter. */
export interface HarPair {
  name: string;
  value: string;
}
