import fc from 'fast-check';
import {beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest';
import type {MockHandler} from '../../../src/connectors/mock.ts';
import type {Download, DownloadOptions, DownloadProgress} from '../../../src/index.ts';
import {
  DownloadError,
  download,
  HTTPError,
  InvalidOptionError,
  UnsupportedOptionError,
} from '../../../src/index.ts';
import {patternOf, sha256} from '../../support/file-server.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {waitFor} from '../../support/wait-for.ts';
import {type Bytes, collectToFailure} from '../streams/support.ts';

const url = 'https://api.test/file';
const content = new Uint8Array(patternOf(100));
const broken = new TypeError('The connection broke');

// Failures are waited out in no time.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0));

/** A body of these chunks, which then ends or breaks. */
function bodyOf(
  chunks: readonly Uint8Array[],
  end: 'ends' | 'breaks' | 'stalls' = 'ends',
): ReadableStream<Bytes> {
  let next = 0;
  return new ReadableStream<Bytes>(
    {
      pull(controller) {
        const chunk = chunks[next++];
        if (chunk) controller.enqueue(new Uint8Array(chunk));
        else if (end === 'ends') controller.close();
        else if (end === 'breaks') controller.error(broken);
        else return new Promise(() => undefined);
        return undefined;
      },
    },
    {highWaterMark: 0},
  );
}

interface Answer {
  /** Headers over those of a well-behaved server; `undefined` takes one away. */
  readonly headers?: Record<string, string | undefined>;
  readonly etag?: string | undefined;
  readonly content?: Uint8Array;
  /** How much of the body comes before it breaks. */
  readonly cut?: number;
  readonly end?: 'ends' | 'breaks' | 'stalls';
  readonly ranges?: boolean;
  /** It sends a digest of the content of each response: of what it sends, or of something else. */
  readonly contentDigest?: 'right' | 'wrong';
}

/** What a server says that does ranges, apart from what it is told. */
function answer(request: {headers: Headers}, options: Answer = {}): Response {
  const {etag = '"1"', content: all = content, cut, ranges = true} = options;
  const {end = cut === undefined ? 'ends' : 'breaks'} = options;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '') ?? [];
  const condition = request.headers.get('if-range');
  const isPart = ranges && first !== undefined && (condition === null || condition === etag);
  const start = isPart ? Number(first) : 0;
  if (isPart && start >= all.length) {
    return new Response(null, {status: 416, headers: {'content-range': `bytes */${all.length}`}});
  }
  const stop = isPart && last ? Math.min(Number(last) + 1, all.length) : all.length;
  const digested = options.contentDigest === 'wrong' ? new Uint8Array() : all.slice(start, stop);
  const headers: Record<string, string | undefined> = {
    'content-digest': options.contentDigest && `sha-256=:${sha256(digested).toString('base64')}:`,
    etag: options.etag === undefined && 'etag' in options ? undefined : etag,
    'content-length': String(stop - start),
    'content-range': isPart ? `bytes ${start}-${stop - 1}/${all.length}` : undefined,
    ...options.headers,
  };
  const given = Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new Response(
    bodyOf([all.slice(start, cut === undefined ? stop : Math.min(start + cut, stop))], end),
    {
      status: isPart ? 206 : 200,
      headers: given,
    },
  );
}

/** A session whose server answers each request in its own way; the last one for the rest. */
function served(answers: ReadonlyArray<Answer | (() => Response)>, timeout = {}) {
  let count = 0;
  const handler: MockHandler = (request) => {
    const given = answers[Math.min(count++, answers.length - 1)] as Answer | (() => Response);
    return typeof given === 'function' ? given() : answer(request as unknown as {headers: Headers}, given);
  };
  return mockSession(handler, {timeout}, {limit: 1});
}

async function whole(items: Download): Promise<{bytes: Uint8Array; error: unknown}> {
  const {all, error} = await collectToFailure(items);
  return {bytes: new Uint8Array(Buffer.concat(all)), error};
}

describe('download', () => {
  it('all bytes arrive, wherever and however often the connection breaks', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({maxLength: 200}),
      fc.array(fc.nat(60), {maxLength: 8}),
      fc.boolean(),
      async (bytes, cuts, ranges) => {
        const {session} = served([
          ...cuts.map((cut) => ({content: bytes, cut, ranges})),
          {content: bytes, ranges},
        ]);
        const given = await whole(download(session, url, {resumes: 10}));
        expect(given).toEqual({bytes: new Uint8Array(bytes), error: undefined});
        expect(session.stats().active).toBe(0);
      },
    );
    await fc.assert(property, {numRuns: 200});
  });

  it('a broken download continues with Range and If-Range, and reports its progress', async () => {
    const {session, calls} = served([{cut: 30}, {cut: 30}, {}]);
    const told: DownloadProgress[] = [];
    const file = download(session, url, {onDownloadProgress: (progress) => told.push(progress)});
    expect([file.size, file.received, file.etag]).toEqual([undefined, 0, undefined]);
    expect(await whole(file)).toEqual({bytes: content, error: undefined});
    expect(calls.map(({headers}) => [headers.get('range'), headers.get('if-range')])).toEqual([
      [null, null],
      ['bytes=30-', '"1"'],
      ['bytes=60-', '"1"'],
    ]);
    expect(calls[0]?.headers.get('accept-encoding')).toBe('identity');
    expect(
      told.map(({percent, transferredBytes, totalBytes}) => [percent, transferredBytes, totalBytes]),
    ).toEqual([
      [0.3, 30, 100],
      [0.6, 60, 100],
      [1, 100, 100],
    ]);
    expect([file.size, file.received, file.etag]).toEqual([100, 100, '"1"']);
  });

  it('a download that broke before the first byte starts again without a range', async () => {
    const {session, calls} = served([{cut: 0}, {etag: '"2"', content: content.slice(0, 50)}]);
    expect(await whole(download(session, url))).toEqual({bytes: content.slice(0, 50), error: undefined});
    expect(calls[1]?.headers.get('range')).toBeNull();
  });

  it('the rest is requested when a range was shorter than requested', async () => {
    const short = (start: number, end: number) => () =>
      new Response(content.slice(start, end), {
        status: 206,
        headers: {'content-range': `bytes ${start}-${end - 1}/100`, etag: '"1"'},
      });
    const {session} = served([{cut: 10}, short(10, 40), short(40, 41), short(41, 100)]);
    expect(await whole(download(session, url))).toEqual({bytes: content, error: undefined});
  });

  it('the end of content without a length is found by a request after it', async () => {
    const open = {headers: {'content-length': undefined}};
    const answers = [{...open, cut: 40}, {headers: {'content-range': 'bytes 40-99/*'}}, {}];
    const file = download(served(answers).session, url);
    expect(await whole(file)).toEqual({bytes: content, error: undefined});
    expect([file.size, file.etag]).toEqual([100, '"1"']);
    const {error} = await whole(download(served(answers).session, url, {size: 101}));
    expect(error).toMatchObject({code: 'ERR_DOWNLOAD_SIZE'});
  });

  it('the first size that a response announces holds for the download', async () => {
    const {session} = served([
      {headers: {'content-length': undefined}, cut: 40},
      {cut: 30},
      {headers: {'content-range': 'bytes 70-99/*'}},
    ]);
    const sizes: Array<number | undefined> = [];
    const file = download(session, url, {onDownloadProgress: () => sizes.push(file.size)});
    expect(await whole(file)).toEqual({bytes: content, error: undefined});
    expect(sizes).toEqual([undefined, 100, 100]);
    const other = served([{headers: {'content-length': undefined}, cut: 40}, {}]);
    const {bytes, error} = await whole(download(other.session, url, {size: 99}));
    expect(bytes).toEqual(content.slice(0, 40));
    expect(error).toMatchObject({code: 'ERR_DOWNLOAD_SIZE'});
  });

  it('a part without a validator counts as the same version', async () => {
    const {session} = served([{cut: 40}, {etag: undefined}]);
    expect(await whole(download(session, url))).toEqual({bytes: content, error: undefined});
  });

  it('a digest is requested if one is checked, unless the caller sets the header', async () => {
    const {session, calls} = served([{}]);
    await whole(download(session, url));
    const headers = {'want-repr-digest': 'sha-512=1'};
    await whole(download(session, url, {digest: true, headers}));
    expect(calls.map((call) => call.headers.get('want-repr-digest'))).toEqual([null, 'sha-512=1']);
  });

  it('bytes that a server without ranges sends again are skipped', async () => {
    const {session} = served([{cut: 70, ranges: false}, {ranges: false}]);
    expect(await whole(download(session, url))).toEqual({bytes: content, error: undefined});
  });

  describe('what it goes on by', () => {
    const dates = (age: number) => ({
      'last-modified': new Date(Date.UTC(2026, 0, 1)).toUTCString(),
      date: new Date(Date.UTC(2026, 0, 1) + age).toUTCString(),
    });

    it('a date that is older than the response resumes a download without an ETag', async () => {
      const headers = dates(1_000);
      const part = () =>
        new Response(content.slice(50), {
          status: 206,
          headers: {...headers, 'content-range': 'bytes 50-99/100'},
        });
      const {session, calls} = served([{etag: undefined, headers, cut: 50}, part]);
      expect(await whole(download(session, url))).toEqual({bytes: content, error: undefined});
      expect(calls[1]?.headers.get('if-range')).toBe(headers['last-modified']);
    });

    it.each<[string, Answer]>([
      ['a weak ETag', {etag: 'W/"1"'}],
      ['a weak ETag and an old date', {etag: 'W/"1"', headers: dates(60_000)}],
      ['a date as young as the response', {etag: undefined, headers: dates(0)}],
      ['a date alone', {etag: undefined, headers: {...dates(0), date: undefined}}],
      ['nothing', {etag: undefined}],
      ['the ETag of what was coded', {headers: {'content-encoding': 'x-own'}}],
    ])('a download cannot be resumed by %s', async (_name, given) => {
      const {session, calls} = served([{...given, cut: 50}, {}]);
      const {bytes, error} = await whole(download(session, url));
      expect(bytes).toEqual(content.slice(0, 50));
      expect(error).toBeInstanceOf(DownloadError);
      expect(error).toMatchObject({
        code: 'ERR_DOWNLOAD_NOT_RESUMABLE',
        cause: {name: 'TypeError'},
        request: {url},
      });
      expect(calls).toHaveLength(1);
    });

    it('a download is resumed without a validator if the caller gave a digest of the whole', async () => {
      const digest = `sha256:${sha256(content).toString('hex')}`;
      const {session} = served([{etag: undefined, cut: 50}, {etag: undefined}]);
      expect(await whole(download(session, url, {digest}))).toEqual({bytes: content, error: undefined});
    });
  });

  describe('when it has changed since', () => {
    const other = new Uint8Array(patternOf(80, 3));
    const changed: Answer = {etag: '"2"', content: other};

    it('a download of changed content fails', async () => {
      const {session} = served([{cut: 50}, changed]);
      const {bytes, error} = await whole(download(session, url));
      expect(bytes).toEqual(content.slice(0, 50));
      expect(error).toMatchObject({name: 'DownloadError', code: 'ERR_DOWNLOAD_CHANGED'});
      expect(session.stats().active).toBe(0);
    });

    it('a download of changed content starts again after calling onRestart', async () => {
      const {session} = served([{cut: 50}, changed, changed]);
      let kept: Uint8Array[] = [];
      const reasons: string[] = [];
      const told: number[] = [];
      const options: DownloadOptions = {
        onRestart: async ({code}) => {
          reasons.push(code);
          kept = [];
        },
        onDownloadProgress: ({transferredBytes}) => told.push(transferredBytes),
        digest: `sha256:${sha256(other).toString('hex')}`,
      };
      for await (const chunk of download(session, url, options)) kept.push(chunk);
      expect(new Uint8Array(Buffer.concat(kept))).toEqual(other);
      expect(reasons).toEqual(['ERR_DOWNLOAD_CHANGED']);
      expect(told).toEqual([50, 80]);
    });

    it('a download whose content changes each time is given up', async () => {
      let version = 0;
      const {session, calls} = mockSession((request) =>
        answer(request as unknown as {headers: Headers}, {etag: `"${version++}"`, cut: 10}),
      );
      const onRestart = vi.fn();
      const {error} = await whole(download(session, url, {resumes: 3, onRestart}));
      expect(onRestart).toHaveBeenCalledTimes(3);
      expect(error).toMatchObject({code: 'ERR_DOWNLOAD_CHANGED'});
      expect(calls.length).toBeLessThan(20);
    });

    it.each<[string, () => Response]>([
      [
        'a part of another version',
        () =>
          new Response(content.slice(50), {
            status: 206,
            headers: {etag: '"2"', 'content-range': 'bytes 50-99/100'},
          }),
      ],
      [
        'a part of another size',
        () => new Response(content.slice(50), {status: 206, headers: {'content-range': 'bytes 50-99/101'}}),
      ],
      [
        'an end before that',
        () => new Response(null, {status: 416, headers: {'content-range': 'bytes */40'}}),
      ],
      ['all of it, which does not say of what version it is', () => new Response(content)],
    ])('changed content is recognised by %s', async (_name, response) => {
      const {session} = served([{cut: 50}, response]);
      const {error} = await whole(download(session, url));
      expect(error).toMatchObject({code: 'ERR_DOWNLOAD_CHANGED'});
      expect(session.stats().active).toBe(0);
    });
  });

  describe('a server that refuses ranges', () => {
    it.each([400, 403, 416, 501])(
      'the whole is read again from a server that answers ranges with %d, and its first bytes are skipped',
      async (status) => {
        const {session, calls} = served([{cut: 50}, () => new Response('no', {status}), {cut: 80}, {}]);
        const {bytes, error} = await whole(download(session, url));
        expect(error).toBeUndefined();
        expect(bytes).toEqual(content);
        expect(calls.map(({headers}) => headers.get('range'))).toEqual([null, 'bytes=50-', null, null]);
        expect(session.stats().active).toBe(0);
      },
    );

    it('the whole of another version fails the download, or begins it again', async () => {
      const other = new Uint8Array(patternOf(100, 3));
      const answers = [{cut: 50}, () => new Response('no', {status: 416}), {etag: '"2"', content: other}];
      const failing = await whole(download(served(answers).session, url));
      expect(failing.error).toMatchObject({code: 'ERR_DOWNLOAD_CHANGED'});
      let restarts = 0;
      const restarted = await whole(
        download(served(answers).session, url, {onRestart: () => void restarts++}),
      );
      expect(restarts).toBe(1);
      expect(restarted.bytes.subarray(50)).toEqual(other);
    });

    it('a server that refuses the whole too fails the download with that status', async () => {
      const refused = () => new Response('no', {status: 403});
      const {session, calls} = served([{cut: 50}, refused]);
      const {error} = await whole(download(session, url));
      expect(error).toMatchObject({name: 'HTTPError', status: 403});
      expect(calls).toHaveLength(3);
    });
  });

  describe('a server that lies', () => {
    it.each<[string, Record<string, string>]>([
      ['begins further on', {'content-range': 'bytes 51-99/100'}],
      ['says nothing that could be understood', {'content-range': 'bytes 50-99'}],
      ['sends several ranges', {'content-type': 'multipart/byteranges; boundary=x'}],
      ['codes what it sends', {'content-range': 'bytes 50-99/100', 'content-encoding': 'x-own'}],
    ])('a server that answers with another range fails the download: it %s', async (_name, headers) => {
      const {session} = served([{cut: 50}, () => new Response(content.slice(50), {status: 206, headers})]);
      const {error} = await whole(download(session, url));
      expect(error).toMatchObject({code: 'ERR_DOWNLOAD_RANGE'});
      expect(session.stats().active).toBe(0);
    });

    it('a server that sends more than it announced fails the download', async () => {
      const {session} = served([{headers: {'content-length': '60'}}]);
      expect((await whole(download(session, url))).error).toMatchObject({code: 'ERR_DOWNLOAD_SIZE'});
      expect(session.stats().active).toBe(0);
    });

    it.each<[string, Record<string, string>]>([
      ['announces', {'content-length': '100'}],
      ['sends', {}],
    ])('a server that %s more than maxSize fails the download', async (_name, headers) => {
      const {session, calls} = mockSession(() => new Response(bodyOf([content]), {headers}));
      const {error} = await collectToFailure(download(session, url, {maxSize: 99}));
      expect(error).toMatchObject({name: 'DownloadError', code: 'ERR_DOWNLOAD_SIZE'});
      expect(calls).toHaveLength(1);
      const whole = await collectToFailure(download(session, url, {maxSize: 100}));
      expect(whole.error).toBeUndefined();
    });

    it('a server that repeatedly sends less than it announced fails the download', async () => {
      const {session, calls} = served([
        {headers: {'content-length': '150'}, content},
        {headers: {'content-range': 'bytes 100-149/150'}, content: new Uint8Array(101), cut: 0, end: 'ends'},
      ]);
      const {bytes, error} = await whole(download(session, url, {resumes: 2}));
      expect(bytes).toEqual(content);
      expect(error).toMatchObject({name: 'TypeError', message: expect.stringContaining('ended early')});
      expect(calls).toHaveLength(3);
    });

    it.each([
      ['said', {}],
      ['sent', {headers: {'content-length': undefined}}],
    ])('content of another size than required fails the download, as %s', async (how, given) => {
      for (const size of [99, 101]) {
        const {session} = served([given]);
        const {bytes, error} = await whole(download(session, url, {size}));
        expect(error).toMatchObject({code: 'ERR_DOWNLOAD_SIZE'});
        if (how === 'said') expect(bytes).toHaveLength(0);
        expect(session.stats().active).toBe(0);
      }
      const {session} = served([given]);
      expect((await whole(download(session, url, {size: 100}))).error).toBeUndefined();
    });
  });

  describe('a failure in between', () => {
    it('a passing failure is waited for, with regard to Retry-After', async () => {
      const wait = vi.spyOn(globalThis, 'setTimeout');
      const busy = () => new Response('', {status: 503, headers: {'retry-after': '0.05'}});
      const {session} = served([{cut: 50}, busy, {}]);
      expect(await whole(download(session, url))).toEqual({bytes: content, error: undefined});
      expect(wait.mock.calls.map(([, ms]) => ms)).toContain(50);
    });

    it('the random delay after a failure may double each time, up to half a minute', async () => {
      vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
      onTestFinished(() => void vi.useRealTimers());
      vi.spyOn(Math, 'random').mockReturnValue(1);
      const wait = vi.spyOn(globalThis, 'setTimeout');
      const fails = Array.from({length: 9}, () => () => Promise.reject(broken) as never);
      const {session} = served([{cut: 50}, ...fails, {}], {read: false});
      const given = whole(download(session, url, {resumes: 20}));
      await vi.advanceTimersByTimeAsync(300_000);
      expect(await given).toEqual({bytes: content, error: undefined});
      const waits = wait.mock.calls.map(([, ms]) => ms);
      expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, ...Array(4).fill(30_000)]);
    });

    it.each([
      ['60', 2],
      ['61', 1],
    ])('a Retry-After of up to a minute is obeyed: %s s', async (seconds, requests) => {
      vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
      onTestFinished(() => void vi.useRealTimers());
      const busy = () => new Response('', {status: 503, headers: {'retry-after': seconds}});
      const {session, calls} = served([busy, {}]);
      const given = whole(download(session, url));
      await vi.advanceTimersByTimeAsync(61_000);
      expect((await given).error === undefined).toBe(requests === 2);
      expect(calls).toHaveLength(requests);
    });

    it('a failure that will not pass ends the download', async () => {
      const {session, calls} = served([{cut: 50}, () => new Response('', {status: 404})]);
      const {error} = await whole(download(session, url));
      expect(error).toBeInstanceOf(HTTPError);
      expect(calls).toHaveLength(2);
    });

    it('too many failures without a byte in between end the download', async () => {
      const {session, calls} = served([{cut: 50}, () => Promise.reject(broken) as never]);
      const {bytes, error} = await whole(download(session, url, {resumes: 2}));
      expect(bytes).toEqual(content.slice(0, 50));
      expect(error).toMatchObject({name: 'TypeError'});
      expect(calls).toHaveLength(3);
    });

    it('a silent connection counts as a failure that passes', async () => {
      const {session} = served([{cut: 50, end: 'stalls'}, {}], {read: 20});
      expect(await whole(download(session, url))).toEqual({bytes: content, error: undefined});
      expect(session.stats().active).toBe(0);
    });
  });

  describe('a digest', () => {
    const hex = sha256(content).toString('hex');
    const base64 = sha256(content).toString('base64');

    it.each([`sha256:${hex}`, `sha256:${hex.toUpperCase()}`, `sha256-${base64}`, `sha-256=:${base64}:`])(
      'of the caller’s: %s',
      async (digest) => {
        const {session} = served([{cut: 20}, {}]);
        expect(await whole(download(session, url, {digest}))).toEqual({bytes: content, error: undefined});
        const other = served([{content: content.slice(1)}]);
        expect((await whole(download(other.session, url, {digest}))).error).toMatchObject({
          code: 'ERR_DOWNLOAD_DIGEST',
        });
      },
    );

    it('a digest of the server is checked if its algorithm is known', async () => {
      const right = {'repr-digest': `md5=:AAAA:, sha-256=:${base64}:`};
      const wrong = {'repr-digest': `sha-256=:${sha256(content.slice(1)).toString('base64')}:`};
      const {session, calls} = served([
        {headers: right},
        {headers: wrong},
        {},
        {headers: {'repr-digest': 'unixsum=1'}},
      ]);
      expect((await whole(download(session, url, {digest: true}))).error).toBeUndefined();
      expect(calls[0]?.headers.get('want-repr-digest')).toBe('sha-256=5, sha-512=3');
      expect((await whole(download(session, url, {digest: true}))).error).toMatchObject({
        code: 'ERR_DOWNLOAD_DIGEST',
      });
      expect((await whole(download(session, url, {digest: true}))).error).toBeUndefined();
      expect((await whole(download(session, url, {digest: 'required'}))).error).toMatchObject({
        code: 'ERR_DOWNLOAD_DIGEST',
      });
    });

    it('the Content-Digest of each response is checked', async () => {
      const {session} = served([{cut: 50, contentDigest: 'right'}, {contentDigest: 'right'}]);
      expect((await whole(download(session, url, {digest: true}))).error).toBeUndefined();
      const wrong = served([{cut: 50, contentDigest: 'right'}, {contentDigest: 'wrong'}]);
      expect((await whole(download(wrong.session, url, {digest: true}))).error).toMatchObject({
        code: 'ERR_DOWNLOAD_DIGEST',
      });
    });

    it('the digest of empty content is checked', async () => {
      const digest = `sha256:${sha256(new Uint8Array()).toString('hex')}`;
      const {session} = served([{content: new Uint8Array()}]);
      expect(await whole(download(session, url, {digest}))).toEqual({
        bytes: new Uint8Array(),
        error: undefined,
      });
    });
  });

  describe('ends early', () => {
    const stalled: Answer = {cut: 50, end: 'stalls'};

    it('break ends the download and frees its slot', async () => {
      const {session} = served([stalled]);
      for await (const _ of download(session, url)) {
        expect(session.stats().active).toBe(1);
        break;
      }
      expect(session.stats().active).toBe(0);
    });

    it('return() ends a download that waits for a byte', async () => {
      const {session} = served([stalled]);
      const file = download(session, url);
      await file.next();
      const next = file.next();
      await file.return?.();
      expect(await next).toEqual({done: true, value: undefined});
      expect(session.stats().active).toBe(0);
    });

    it('return() ends a download that waits to continue', async () => {
      vi.spyOn(Math, 'random').mockReturnValue(1);
      const {session, calls} = served([{cut: 50}]);
      const file = download(session, url);
      await file.next();
      const next = file.next();
      await waitFor(() => session.stats().active === 0);
      await file.return?.();
      expect(await next).toEqual({done: true, value: undefined});
      expect(calls).toHaveLength(1);
    });

    it('return() before the first request ends the download', async () => {
      const {session, calls} = served([stalled]);
      await download(session, url).return?.();
      expect(calls).toHaveLength(0);
    });

    it('an abort ends the download with its reason', async () => {
      const {session} = served([stalled]);
      const controller = new AbortController();
      const file = download(session, url, {signal: controller.signal});
      await file.next();
      const next = rejection(file.next());
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await next).toBe(reason);
      expect(await rejection(download(session, url, {signal: controller.signal}).next())).toBe(reason);
      expect(session.stats().active).toBe(0);
    });
  });

  it.each<[string, DownloadOptions]>([
    ['digest', {digest: 'md5-abc'}],
    ['digest', {digest: 'sha256-abc'}],
    ['digest', {digest: 1 as never}],
    ['size', {size: 0.5}],
    ['resumes', {resumes: -1}],
    ['onRestart', {onRestart: 1 as never}],
    ['onDownloadProgress', {onDownloadProgress: 1 as never}],
    ['headers.range', {headers: {range: 'bytes=0-1'}}],
    ['headers.if-range', {headers: {'If-Range': '"1"'}}],
  ])('the option %s is refused if its value is not allowed', (option, options) => {
    const {session} = served([{}]);
    const error = thrown(() => download(session, url, options));
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error).toMatchObject({option});
  });

  it.each<[string, DownloadOptions]>([
    ['download.ranges', {ranges: 2} as never],
    ['download.throwHttpErrors', {throwHttpErrors: false} as never],
  ])('the option %s is refused as unknown', (option, options) => {
    const {session} = served([{}]);
    const error = thrown(() => download(session, url, options));
    expect(error).toBeInstanceOf(UnsupportedOptionError);
    expect(error).toMatchObject({option, where: 'download'});
  });
});
