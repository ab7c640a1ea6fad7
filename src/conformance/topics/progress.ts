import type {RequestBody} from '../../core/body.ts';
import type {ProgressListener} from '../../core/progress.ts';
import {equal, instance, networkError, ok, rejection, same, typedRejection} from '../assert.ts';
import type {Case, Topic} from '../case.ts';
import {until} from '../room.ts';
import type {Echo} from '../server-address.ts';

const size = 200_000;
const text = 'x'.repeat(size);
const encoder = new TextEncoder();

/** Checks that listeners learn the progress of bodies both ways, and are refused where the connector can't observe it. */
export const progress: Topic = (it, can, server) => {
  if (can.downloadProgress) {
    it('onDownloadProgress reports the bytes received and the total', async ({open, room}) => {
      const heard = createListener();
      const session = open();
      const response = await session.fetch(room.url('/bytes', {size}), {onDownloadProgress: heard.listener});
      equal((await response.arrayBuffer()).byteLength, size, 'size');
      heard.check(size, size);
      equal(session.stats().active, 0, 'active');
    });

    it('onDownloadProgress learns the total at the end if the length is unknown or the body is decoded', async ({
      open,
      room,
    }) => {
      const session = open();
      const encoded = room.url('/encoded', {coding: 'gzip', text: 'x', repeat: size});
      for (const url of [room.url('/bytes', {size, chunked: 1}), encoded]) {
        const heard = createListener();
        const headers = {'accept-encoding': 'gzip'};
        await session.get(url, {headers, onDownloadProgress: heard.listener}).arrayBuffer();
        heard.check(size);
      }
    });

    it('onDownloadProgress reports each chunk when it is read', async ({open, room}) => {
      const heard = createListener();
      const response = await open().fetch(room.url('/hold-body', {size: 5}), {
        onDownloadProgress: heard.listener,
      });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      await until(() => heard.transferred() === 5, 'the first part to be told of');
      equal(heard.percent(), 0, 'percent, when nobody knows the total');
      await room.release();
      while (!(await reader.read()).done);
      heard.check(13);
    });

    it('onDownloadProgress reports the end of an empty body, and nothing for a missing body', async ({
      open,
      room,
    }) => {
      const session = open();
      const empty = createListener();
      await session.get(room.url('/bytes', {size: 0}), {onDownloadProgress: empty.listener}).text();
      empty.check(0);
      const none = createListener();
      const head = room.url('/bytes', {size});
      await session.head(head, {onDownloadProgress: none.listener});
      equal(none.count(), 0, 'how often it was told of a HEAD');
    });

    it('onDownloadProgress reports a cloned body once', async ({open, room}) => {
      const heard = createListener();
      const url = room.url('/bytes', {size: 1_000});
      const response = await open().fetch(url, {onDownloadProgress: heard.listener});
      const clone = response.clone();
      await Promise.all([response.text(), clone.text()]);
      heard.check(1_000, 1_000);
    });

    it('an error thrown by onDownloadProgress fails the body, and frees the slot', async ({open, room}) => {
      const session = open();
      const reason = new RangeError('enough');
      const response = await session.fetch(room.url('/bytes', {size: 5_000_000, chunked: 1}), {
        onDownloadProgress() {
          throw reason;
        },
      });
      const error = await rejection(response.text(), 'the body');
      equal((error as Error).cause ?? error, reason, 'what it fails with, or why');
      await until(() => session.stats().active === 0, 'the slot to be free');
    });
  } else {
    it('onDownloadProgress is refused where the connector cannot observe the body', async ({open, room}) => {
      const promise = open().fetch(room.url('/bytes'), {onDownloadProgress: () => undefined});
      await typedRejection(promise, 'fetch', {name: 'UnsupportedOptionError', option: 'onDownloadProgress'});
    });
  }

  const url = ({room}: Case, path: string, query = {}) =>
    room.urlOn(server.secure ?? server.origins[0], path, query);

  if (!can.uploadProgress) {
    it('onUploadProgress is refused where the connector cannot observe the body', async (given) => {
      const init = {method: 'POST', body: 'x', onUploadProgress: () => undefined};
      const promise = given.open().fetch(url(given, '/echo'), init);
      await typedRejection(promise, 'fetch', {name: 'UnsupportedOptionError', option: 'onUploadProgress'});
      equal((await given.room.stats()).arrivals.length, 0, 'number of requests that arrived');
    });
    return;
  }

  const form = () => {
    const made = new FormData();
    made.append('file', new Blob([text]), 'a.txt');
    return made;
  };
  for (const [what, body, type, length] of [
    ['a string', () => text, 'text/plain;charset=UTF-8', size],
    ['text that isn’t ASCII', () => 'ä'.repeat(size / 2), 'text/plain;charset=UTF-8', size],
    ['bytes', () => encoder.encode(text), undefined, size],
    ['a Blob', () => new Blob([text], {type: 'a/b'}), 'a/b', size],
    ['URLSearchParams', () => new URLSearchParams({a: text.slice(2)}), 'application/x-www-form-', size],
    ['FormData', form, 'multipart/form-data; boundary=', undefined],
    ['a stream', () => new Blob([text]).stream(), undefined, undefined],
    ['an async iterable', () => iterableOf(text.slice(1), encoder.encode('x')), undefined, undefined],
    ['a function that makes a body', () => () => text, 'text/plain;charset=UTF-8', size],
  ] as Array<[string, () => RequestBody, string | undefined, number | undefined]>) {
    it(`onUploadProgress reports the bytes of ${what}`, async (given) => {
      const heard = createListener();
      const session = given.open();
      const options = {body: body(), onUploadProgress: heard.listener};
      const echo = await session.post(url(given, '/echo'), options).json<Echo>();
      heard.check(echo.size, length ?? (what === 'FormData' ? echo.size : undefined));
      ok(echo.size >= size, `${size} bytes or more, and not ${echo.size}`);
      const contentType = echo.headers['content-type'];
      ok(type === undefined ? !contentType : contentType?.startsWith(type), `type, not ${contentType}`);
      equal(session.stats().active, 0, 'active');
    });
  }

  it('onUploadProgress reports nothing without a body', async (given) => {
    const heard = createListener();
    await given.open().post(url(given, '/echo'), {onUploadProgress: heard.listener});
    equal(heard.count(), 0, 'how often');
  });

  it('onUploadProgress reports bytes when the connection takes them, not earlier', async (given) => {
    const heard = createListener();
    const controller = new AbortController();
    const body = new Uint8Array(100_000_000);
    const promise = given.open().fetch(url(given, '/stall'), {
      method: 'POST',
      body,
      signal: controller.signal,
      onUploadProgress: heard.listener,
    });
    const rejected = rejection(promise, 'fetch');
    await until(() => heard.transferred() > 0, 'some of it to leave');
    await given.room.until(({active}) => active === 1, 'the request to arrive');
    ok(heard.transferred() < body.length / 2, `no more than half of it, not ${heard.transferred()}`);
    controller.abort();
    await rejected;
  });

  it('onUploadProgress starts again when a redirect resends the body, or the call fails where the runtime follows redirects', async (given) => {
    const heard = createListener();
    const to = url(given, '/redirect', {status: 307, to: url(given, '/echo')});
    const options = {body: 'x'.repeat(1_000), onUploadProgress: heard.listener};
    if (!can.manualRedirect) {
      await networkError(given.open().post(to, options), 'the call');
      return;
    }
    const echo = await given.open().post(to, options).json<Echo>();
    equal(echo.size, 1_000, 'size');
    same(heard.ends(), [1_000, 1_000], 'what was transferred by each end');
  });

  it('an error thrown by onUploadProgress fails the call, and frees the slot', async (given) => {
    const session = given.open();
    const reason = new RangeError('enough');
    const promise = session.fetch(url(given, '/echo'), {
      method: 'POST',
      body: text,
      onUploadProgress() {
        throw reason;
      },
    });
    const error = await rejection(promise, 'fetch');
    instance(error, Error);
    equal((error as Error).cause ?? error, reason, 'what it fails with, or why');
    await until(() => session.stats().active === 0, 'the slot to be free');
  });
};

/** A listener that keeps its events and can check them. */
function createListener() {
  const heard: Array<Parameters<ProgressListener>[0] & {length: number}> = [];
  const listener: ProgressListener = (state, {byteLength}) => void heard.push({...state, length: byteLength});
  return {
    listener,
    count: () => heard.length,
    transferred: () => heard.at(-1)?.transferredBytes ?? 0,
    percent: () => heard.at(-1)?.percent,
    ends: () => heard.filter(({percent}) => percent === 1).map(({transferredBytes}) => transferredBytes),
    /** Checks that the events report all of `size` in order; with `total`, that each event gives it. */
    check(size: number, total?: number): void {
      let transferred = 0;
      for (const [index, {percent, transferredBytes, totalBytes, length}] of heard.entries()) {
        const isLast = index === heard.length - 1;
        transferred += length;
        equal(transferredBytes, transferred, 'what was transferred, by the chunks');
        equal(totalBytes, total ?? transferred, 'total');
        ok(isLast ? percent === 1 : percent < 1, `1 at the end and only there, and not ${percent}`);
      }
      equal(transferred, size, 'what was transferred in the end');
      ok(heard.length > 0, 'something to be told');
    },
  };
}

async function* iterableOf(...parts: Array<string | Uint8Array>): AsyncGenerator<string | Uint8Array> {
  yield* parts;
}
