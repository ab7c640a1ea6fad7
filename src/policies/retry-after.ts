/** What a server says of its quota. */
export interface Quota {
  /** Requests in all. */
  readonly limit: number | undefined;
  /** Requests left. */
  readonly remaining: number | undefined;
  /** Until it is renewed, in ms. */
  readonly reset: number | undefined;
}

/**
 * How long a response asks to be left alone, in ms: by `Retry-After` (RFC 9110, section 10.2.3), or by when its quota is
 * renewed, if that is used up. `undefined` when it doesn't say, or nothing that can be understood.
 */
export function retryAfter({status, headers}: Response): number | undefined {
  const after = headers.get('retry-after');
  if (after !== null) return parseDelay(after, headers);
  const {remaining, reset} = quotaOf(headers);
  // Many an API tells with every answer when the hour is over: that is no reason to wait for it.
  return remaining === 0 || (remaining === undefined && status === 429) ? reset : undefined;
}

/**
 * The server's quota, by the `RateLimit` header (draft-ietf-httpapi-ratelimit-headers, all versions: `"default";r=5;t=30`,
 * `remaining=5, reset=30`) or by `RateLimit-Limit`, `-Remaining` and `-Reset`, with or without `X-`.
 */
export function quotaOf(headers: Headers): Quota {
  const combined = headers.get('ratelimit') ?? '';
  const member = (name: string, pattern: RegExp): string =>
    pattern.exec(combined)?.[1] ??
    headers.get(`ratelimit-${name}`) ??
    headers.get(`x-ratelimit-${name}`) ??
    '';
  const limit = Number.parseInt(member('limit', /\blimit=(\d+)/), 10);
  const remaining = Number.parseInt(member('remaining', /\br(?:emaining)?=(\d+)/), 10);
  return {
    limit: limit >= 0 ? limit : undefined,
    remaining: remaining >= 0 ? remaining : undefined,
    reset: parseDelay(member('reset', /\b(?:t|reset)=(\d+)/), headers),
  };
}

// Seconds from now are never as many as the seconds since 1970 were in 2001, nor those as many as the ms were then:
// some servers send the one, some the other.
const firstTimestamp = 1_000_000_000;

function parseDelay(value: string, headers: Headers): number | undefined {
  let time: number;
  if (/^\d+(?:\.\d+)?$/.test(value)) {
    time = Number(value);
    if (time < firstTimestamp) return time * 1_000;
    if (time < firstTimestamp * 1_000) time *= 1_000;
  } else {
    // Date.parse takes all sorts of things for dates; those of HTTP and ISO 8601 have a time of day. The oldest of
    // HTTP's three forms (asctime) doesn't say that it is in GMT.
    if (!/\d:\d\d/.test(value)) return undefined;
    time = Date.parse(/ \d{4}$/.test(value) ? `${value} GMT` : value);
  }
  // On the server's clock, where it tells it: ours may be wrong.
  const delay = time - (Date.parse(headers.get('date') ?? '') || Date.now());
  return Number.isNaN(delay) ? undefined : Math.max(0, delay);
}
