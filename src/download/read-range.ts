import {ConnectionError, HTTPError, TimeoutError} from '../errors/index.ts';
import {retryAfter} from '../policies/retry-after.ts';
import {iterChunks} from '../streams/index.ts';
import {delay} from '../utils/delay.ts';
import {isEqual} from './digest.ts';
import {DownloadError} from './error.ts';
import {checkSize, forget, openPart, type Part, type RangeJob, requestOf} from './open-part.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The longest first delay, in ms. Each further delay may be twice as long, up to `maxDelay`. */
const minDelay = 500;
const maxDelay = 30_000;
/** The longest `Retry-After` that is obeyed, in ms. */
const maxRetryAfter = 60_000;
/** The statuses after which another attempt may succeed. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Yields the bytes of a range, over as many requests as needed. After a failure it continues where it was, if the server
 * still has the same version (`If-Range`, RFC 9110, section 13.1.5).
 *
 * @throws DownloadError with `ERR_DOWNLOAD_CHANGED` or `ERR_DOWNLOAD_NOT_RESUMABLE` if it would have to start again although
 * bytes were yielded or other readers have bytes of the same version
 */
export async function* readRange(job: RangeJob): AsyncGenerator<Bytes, undefined, undefined> {
  const {resource, signal} = job;
  let at = job.start;
  let failures = 0;
  for (;;) {
    const before = at;
    try {
      const part = await openPart(job, at);
      if (!part) return;
      for await (const chunk of readPart(job, part)) {
        const [bytes, place] = chunk;
        // A server without ranges sends bytes before the range again, and bytes after its end.
        const wanted = bytes.subarray(
          Math.max(at - place, 0),
          job.end === undefined ? undefined : Math.max(job.end - place, 0),
        );
        if (wanted.length === 0) continue;
        at += wanted.length;
        failures = 0;
        if (at > Math.min(job.size ?? Infinity, job.maxSize))
          checkSize({...job, resource: {...resource, size: at}});
        yield wanted;
        if (at === job.end && at !== part.end) return;
      }
      if (part.isLast) {
        resource.size ??= at;
        checkSize(job);
      }
      // A server may send less than the requested range.
      if (at === Math.min(job.end ?? Infinity, resource.size ?? Infinity)) return;
      // Without this error a server that sends nothing of use would be asked again at once, without an end.
      if (at === before) {
        const message = 'The server sent no byte of the requested range';
        throw new ConnectionError(message, 'receive', {request: requestOf(job)});
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const duration = delayAfter(error, ++failures);
      if (duration === undefined || failures > job.retries) throw error;
      prepare(job, at, error);
      await delay(duration, signal);
    }
  }
}

/** Yields the chunks of one response and their positions. */
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
        `The server sent more than the ${end - start} bytes that it announced`,
        'ERR_DOWNLOAD_SIZE',
        {request},
      );
    }
    hash?.update(chunk);
    const begin = place;
    // Counted before the chunk is yielded, because the reader may transfer its memory.
    place += chunk.length;
    yield [chunk as Bytes, begin];
  }
  if (end !== undefined && place < end)
    throw new ConnectionError('The body ended early', 'receive', {request});
  if (hash && digest && !isEqual(hash.digest(), digest.value)) {
    throw new DownloadError(
      'The content does not have the digest of its Content-Digest header',
      'ERR_DOWNLOAD_DIGEST',
      {request},
    );
  }
}

/** Prepares the next request, which continues at `at`. */
function prepare(job: RangeJob, at: number, cause: unknown): void {
  const {resource, isChecked, isShared} = job;
  const isFirst = at === 0 && !isShared;
  // Without a byte of it, another version contradicts nothing.
  if (isFirst) forget(resource);
  if (isFirst || isChecked || !resource.validator || resource.validator.ifRange !== undefined) return;
  throw new DownloadError(
    'The connection broke, and the download cannot be resumed: the server gave no strong ETag and no date old enough',
    'ERR_DOWNLOAD_NOT_RESUMABLE',
    {request: requestOf(job), cause},
  );
}

/** Returns the delay before the next attempt, in ms, or `undefined` if another attempt is of no use. */
function delayAfter(error: unknown, failures: number): number | undefined {
  const duration = Math.random() * Math.min(maxDelay, minDelay * 2 ** (failures - 1));
  if (error instanceof HTTPError) {
    if (!passing.has(error.status)) return undefined;
    const asked = retryAfter(error.response) ?? duration;
    return asked <= maxRetryAfter ? asked : undefined;
  }
  if (error instanceof TimeoutError) return error.phase === 'total' ? undefined : duration;
  return error instanceof ConnectionError ? duration : undefined;
}
