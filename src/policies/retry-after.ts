/**
 * How long a response asks to be left alone, in ms: by `Retry-After` (RFC 9110, section 10.2.3), in seconds or as a
 * date, or by when its quota is renewed, `RateLimit-Reset` in seconds, `X-RateLimit-Reset` in seconds or as a time.
 * `undefined` when it doesn't say, or nothing that can be understood.
 *
 * @param now - the time, as `Date.now()` has it
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const after = headers.get('retry-after');
  if (after !== null) return parseDelay(after, now);
  const reset = headers.get('ratelimit-reset') ?? headers.get('x-ratelimit-reset');
  return reset === null ? undefined : parseDelay(reset, now);
}

// Seconds from now are never as many as the seconds since 1970 were in 2001.
const firstTimestamp = 1_000_000_000;
// And never as many as the ms since then were, which some servers send.
const firstTimestampInMs = firstTimestamp * 1_000;

function parseDelay(text: string, now: number): number | undefined {
  const value = text.trim();
  if (/^\d+(?:\.\d+)?$/.test(value)) {
    const number = Number(value);
    if (number >= firstTimestampInMs) return Math.max(0, number - now);
    return number >= firstTimestamp ? Math.max(0, number * 1_000 - now) : number * 1_000;
  }
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
