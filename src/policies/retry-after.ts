/** The state of a server's quota, as its response reports it. */
export interface Quota {
  /** How many requests the quota allows. */
  readonly limit: number | undefined;
  /** How many requests are left. */
  readonly remaining: number | undefined;
  /** The time until the quota is renewed, in ms. */
  readonly reset: number | undefined;
}

/**
 * How long a response asks the client to wait, in ms: the time of `Retry-After-Ms`, which OpenAI and Azure send, or of
 * `Retry-After` (RFC 9110, section 10.2.3) or, when the quota is used up, the time until the quota is renewed. `undefined`
 * when the response has no time that can be parsed.
 */
export function retryAfter({status, headers}: Response): number | undefined {
  const ms = Number(headers.get('retry-after-ms') || Number.NaN);
  if (ms >= 0) return ms;
  const after = headers.get('retry-after');
  if (after !== null) return parseDelay(after, headers);
  const {remaining, reset} = quotaOf(headers);
  // Many APIs send the time of renewal with every response. While requests are left, that is no reason to wait.
  return remaining === 0 || (remaining === undefined && status === 429) ? reset : undefined;
}

/**
 * Reads the server's quota from the `RateLimit` header (draft-ietf-httpapi-ratelimit-headers, all versions: `"default";r=5;t=30`,
 * `remaining=5, reset=30`) or from `RateLimit-Limit`, `-Remaining` and `-Reset`, with or without `X-`.
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

// Some servers send seconds from now, some send seconds since 1970, some send ms since 1970. The size of the number tells
// them apart: in 2001, 1e9 seconds and 1e12 ms had passed since 1970.
function parseDelay(value: string, headers: Headers): number | undefined {
  let time: number;
  if (/^\d+(?:\.\d+)?$/.test(value)) {
    time = Number(value);
    if (time < 1e9) return time * 1_000;
    if (time < 1e12) time *= 1_000;
  } else {
    // `Date.parse` accepts many texts that aren't dates. The dates of HTTP and of ISO 8601 contain a time of day. The
    // oldest of HTTP's three date formats (asctime) doesn't name its time zone, which is GMT.
    if (!/\d:\d\d/.test(value)) return undefined;
    time = Date.parse(/ \d{4}$/.test(value) ? `${value} GMT` : value);
  }
  // Use the server's clock if the response has a `Date`: the local clock may be wrong.
  const delay = time - (Date.parse(headers.get('date') ?? '') || Date.now());
  return Number.isNaN(delay) ? undefined : Math.max(0, delay);
}
