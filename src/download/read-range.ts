import {ConnectionError, HTTPError, TimeoutError} from '../errors/index.ts';
import {retryAfter} from '../policies/retry-after.ts';
import {iterChunks} from '../streams/index.ts';
import {wait} from '../utils/delay.ts';
import {isEqual} from './digest.ts';
import {DownloadError} from './error.ts';
import {checkSize, forget, openPart, type Part, type RangeJob, requestOf} from './open-part.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The first pause may be as long as this, in ms, each further one twice as long, up to the other. */
const minDelay = 500;
const maxDelay = 30_000;
/** The longest that a server may ask for, in ms. */
const maxRetryAfter = 60_000;
/** What may be gone after a while. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * The bytes of a range, over as many requests as it takes: after a failure it goes on from where it was, provided that
 * the server has the same version still (`If-Range`, RFC 9110, section 13.1.5).
 *
 * @throws DownloadError with `ERR_DOWNLOAD_CHANGED` or `ERR_DOWNLOAD_NOT_RESUMABLE` when it would have to begin anew,
 * and not all that was read before is worthless
 */
export async function* readRange(job: RangeJob): AsyncGenerator<Bytes, undefined, undefined> {
  const {resource, signal} = job;
  let at = job.start;
  let failures = 0;
  for (;;) {
    try {
      const part = await openPart(job, at);
      if (!part) return;
      for await (const chunk of readPart(job, part)) {
        const [bytes, place] = chunk;
        // What a server without ranges sends once more is known already; what is behind the end, nobody asked for.
        const wanted = bytes.subarray(
          Math.max(at - place, 0),
          job.end === undefined ? undefined : Math.max(job.end - place, 0),
        );
        if (wanted.length === 0) continue;
        at += wanted.length;
        failures = 0;
        if (at > (job.size ?? Infinity)) checkSize({...job, resource: {...resource, size: at}});
        yield wanted;
        if (at === job.end && at !== part.end) return;
      }
      if (part.isLast) {
        resource.size ??= at;
        checkSize(job);
      }
      // Less than it was asked for is no failure.
      if (at === Math.min(job.end ?? Infinity, resource.size ?? Infinity)) return;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const delay = delayAfter(error, ++failures);
      if (delay === undefined || failures > job.retries) throw error;
      prepare(job, at, error);
      await wait(delay, signal);
    }
  }
}

/** The chunks of one response, and where they belong. */
async function* readPart(
  job: RangeJob,
  {response, start, end, digest}: Part,
): AsyncGenerator<[chunk: Bytes, place: number], undefined, undefined> {
  const hash = digest && (await job.createHash?.(digest.algorithm));
  const request = requestOf(job);
  let place = start;
  for await (const chunk of iterChunks(response)) {
    if (end !== undefined && place + chunk.length > end) {
      throw new DownloadError(
        `The server sends more than it said: ${end - start} bytes`,
        'ERR_DOWNLOAD_SIZE',
        {request},
      );
    }
    hash?.update(chunk);
    const begin = place;
    // Before it's handed on: whoever gets it may take its memory.
    place += chunk.length;
    yield [chunk as Bytes, begin];
  }
  if (end !== undefined && place < end)
    throw new ConnectionError('The body ended early', 'receive', {request});
  if (hash && digest && !isEqual(hash.digest(), digest.value)) {
    throw new DownloadError("The content doesn't have its Content-Digest", 'ERR_DOWNLOAD_DIGEST', {request});
  }
}

/** Sees to it that the next request can go on at `at`. */
function prepare(job: RangeJob, at: number, cause: unknown): void {
  const {resource, isChecked, isShared} = job;
  const isFirst = at === 0 && !isShared;
  // Nothing is kept that a new version could be at odds with.
  if (isFirst) forget(resource);
  if (isFirst || isChecked || !resource.validator || resource.validator.ifRange !== undefined) return;
  throw new DownloadError(
    'The connection broke, and the server gave nothing to resume by: no strong ETag, no old enough date',
    'ERR_DOWNLOAD_NOT_RESUMABLE',
    {request: requestOf(job), cause},
  );
}

/** How long to wait before going on, in ms; `undefined` when there's no use. */
function delayAfter(error: unknown, failures: number): number | undefined {
  const delay = Math.random() * Math.min(maxDelay, minDelay * 2 ** (failures - 1));
  if (error instanceof HTTPError) {
    if (!passing.has(error.status)) return undefined;
    const asked = retryAfter(error.response) ?? delay;
    return asked <= maxRetryAfter ? asked : undefined;
  }
  if (error instanceof TimeoutError) return error.phase === 'total' ? undefined : delay;
  return error instanceof ConnectionError ? delay : undefined;
}
