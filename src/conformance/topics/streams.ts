import {download} from '../../download/index.ts';
import {eventSource} from '../../event-source/index.ts';
import {iterChunks, iterEvents, iterLines, iterNdjson} from '../../streams/index.ts';
import {equal, fail, instance, networkError, ok, rejection, same, typedRejection} from '../assert.ts';
import type {Topic} from '../case.ts';
import {type Room, sleep, until} from '../room.ts';

const reason = new Error('The caller has its reasons');

/** Checks the helpers that read bodies while they arrive (chunks, lines, NDJSON, events), and downloads that resume. */
export const streams: Topic = (it) => {
  for (const [what, query] of [
    ['with a length', {}],
    ['without a length', {chunked: 1}],
  ] as const) {
    it(`iterChunks yields all bytes of a body ${what} in order, in chunks that are not empty`, async ({
      open,
      room,
    }) => {
      const response = open().get(room.url('/bytes', {size: 300_000, ...query}));
      let place = 0;
      for await (const chunk of iterChunks(response)) {
        ok(chunk.length > 0, 'no empty chunk');
        place = checkPattern(chunk, place);
      }
      equal(place, 300_000, 'bytes in all');
    });
  }

  it('iterChunks with a size yields chunks of exactly that size, and a shorter last one', async ({
    open,
    room,
  }) => {
    const session = open();
    for (const [size, piece] of [
      [100_500, 1_000],
      [200_000, 65_536],
      [5, 1],
      [5, 5],
      [5, 6],
    ] as const) {
      const sizes: number[] = [];
      let place = 0;
      for await (const chunk of iterChunks(session.fetch(room.url('/bytes', {size})), piece)) {
        sizes.push(chunk.length);
        place = checkPattern(chunk, place);
      }
      const rest = size % piece;
      same(sizes, [...Array(Math.floor(size / piece)).fill(piece), ...(rest > 0 ? [rest] : [])], 'sizes');
    }
    equal(session.stats().active, 0, 'active');
  });

  for (const size of [1, 2, 3]) {
    it(`lines, NDJSON values and events that arrive ${size} B at a time are put together`, async ({
      open,
      room,
    }) => {
      const {get} = open();
      const of = (text: string) => get(room.url('/pieces', {text, size, ms: 1}));
      same(await collect(iterLines(of('é\r\n€\n\n🌍\r'))), ['é', '€', '', '🌍\r'], 'lines');
      same(await collect(iterNdjson(of('{"a":"é"}\r\n\n[2]'))), [{a: 'é'}, [2]], 'values');
      const events = iterEvents(
        of('\ufeffid: 1\r\ndata: é\r\n\r\n: note\n\nevent: b\ndata: 2\ndata: 3\n\ndata: x'),
      );
      same(
        await collect(events),
        [
          {event: 'message', data: 'é', id: '1'},
          {event: 'b', data: '2\n3', id: '1'},
        ],
        'events',
      );
      equal(events.lastEventId, '1', 'lastEventId');
    });
  }

  it('iterLines yields the lines of a compressed body', async ({open, room}) => {
    const response = open().get(room.url('/encoded', {text: 'one\ntwo\n', repeat: 1_000}));
    const lines = await collect(iterLines(response));
    equal(lines.length, 2_000, 'lines');
    same([...new Set(lines)], ['one', 'two'], 'what they say');
  });

  it('a line that is too long or not JSON fails with its number, and frees the slot', async ({
    open,
    room,
  }) => {
    const session = open();
    const of = (text: string) => session.get(room.url('/pieces', {text, size: 100}));
    const long = collect(iterLines(of('a\nbcdef\n'), {maxLength: 4}));
    await typedRejection(long, 'the loop', {name: 'LineError', code: 'ERR_LINE_TOO_LONG', line: 2});
    const broken = collect(iterNdjson(of('1\n{"a":\n')));
    await typedRejection(broken, 'the loop', {name: 'LineError', code: 'ERR_LINE_JSON', line: 2});
    equal(session.stats().active, 0, 'active');
  });

  it('a response without a body or with an empty one yields nothing', async ({open, room}) => {
    const session = open();
    for (const response of [
      session.fetch(room.url('/status', {code: 204})),
      session.fetch(room.url('/status', {text: ''})),
      session.head(room.url('/status', {text: 'text'})),
      session.fetch(room.url('/bytes', {size: 0, chunked: 1})),
      new Response(null),
      new Response(''),
    ]) {
      same(await collect(iterChunks(await response)), [], 'chunks');
    }
    same(await collect(iterLines(session.get(room.url('/status', {text: ''})))), [], 'lines');
    equal(session.stats().active, 0, 'active');
  });

  it('a stream helper takes a response or a promise, and rejects with the error of the promise', async ({
    open,
    room,
  }) => {
    const session = open();
    same(
      await collect(iterLines(await session.fetch(room.url('/status', {text: 'a'})))),
      ['a'],
      'of a response',
    );
    same(await collect(iterLines(session.get(room.url('/status', {text: 'b'})))), ['b'], 'of a promise');
    const missing = session.get(room.url('/status', {code: 404}));
    await typedRejection(collect(iterLines(missing)), 'the loop', {name: 'HTTPError', status: 404});
    equal(
      await rejection(collect(iterLines(Promise.reject(reason))), 'the loop'),
      reason,
      'what it rejects with',
    );
  });

  it('a body that has been read already rejects with a TypeError', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'text'}));
    await response.text();
    instance(await rejection(collect(iterChunks(response)), 'the loop'), TypeError);
    const twice = await open().fetch(room.url('/status', {text: 'text'}));
    await collect(iterChunks(twice));
    instance(await rejection(collect(iterChunks(twice)), 'the loop'), TypeError);
  });

  for (const [what, leave] of [
    ['break', breakOff],
    ['return', returnEarly],
    ['a throw', throwOut],
  ] as const) {
    it(`a loop that ends by ${what} frees the slot, and closes the connection`, async ({open, room}) => {
      const session = open({connector: {limit: 1}});
      await leave(iterChunks(session.get(room.url('/stall-body'))));
      equal(session.stats().active, 0, 'active at once after');
      await room.until(({cut}) => cut === 1, 'the server to see the connection cut');
      await leave(iterLines(session.get(room.url('/pieces', {text: 'a\nb\nc', size: 2, ms: 5}))));
      equal(session.stats().active, 0, 'active at once after the next');
    });
  }

  it('return() ends a pending next() at once', async ({open, room}) => {
    const session = open();
    const iterator = iterChunks(session.get(room.url('/stall-body')));
    await iterator.next();
    const waiting = iterator.next();
    await iterator.return?.();
    same(await waiting, {done: true}, 'what waited');
    equal(session.stats().active, 0, 'active');
  });

  it('return() before the response arrives cancels the response when it arrives', async ({open, room}) => {
    const session = open();
    const iterator = iterChunks(session.get(room.url('/hold')));
    const waiting = iterator.next();
    await room.until(({held}) => held === 1, 'the request to arrive');
    await iterator.return?.();
    same(await waiting, {done: true}, 'what waited');
    await room.release();
    await until(() => session.stats().active === 0, 'the slot to be free');
  });

  it('an abort fails the loop with the reason, and frees the slot', async ({open, room}) => {
    const session = open();
    const controller = new AbortController();
    const iterator = iterChunks(session.get(room.url('/stall-body'), {signal: controller.signal}));
    equal((await iterator.next()).value?.length, 5, 'size of the first chunk');
    const rejected = rejection(iterator.next(), 'next()');
    controller.abort(reason);
    equal(session.stats().active, 0, 'active at once after');
    equal(await rejected, reason, 'what it rejects with');
    same(await iterator.next(), {done: true}, 'what comes after');
  });

  it('a server that falls silent fails the loop with a TimeoutError', async ({open, room}) => {
    const session = open({timeout: {read: 100}});
    const lines: string[] = [];
    const reading = collect(iterLines(session.get(room.url('/stall-body'))), lines);
    await typedRejection(reading, 'the loop', {name: 'TimeoutError', phase: 'read'});
    equal(session.stats().active, 0, 'active');
  });

  it('a body that is cut yields the lines before the cut, and then a network error', async ({open, room}) => {
    const session = open();
    for (const cut of [1, 3, 5]) {
      const query = {text: 'a\nb\nc\n', size: 2, cut};
      const lines = iterLines(await session.fetch(room.url('/pieces', query)));
      for (const line of ['a', 'b', 'c'].slice(0, Math.floor(cut / 2))) {
        same(await lines.next(), {done: false, value: line}, 'a line before that');
      }
      await room.until(({held}) => held === 1, 'the server to be done');
      await room.release();
      await networkError(lines.next(), 'what comes next');
    }
    equal(session.stats().active, 0, 'active');
  });

  it('a slow reader holds the server back, unless the runtime itself buffers every body', async ({
    open,
    room,
  }) => {
    const size = 64 * 1024 * 1024;
    const iterator = iterChunks(open().get(room.url('/bytes', {size})));
    await iterator.next();
    const sent = await sentAtRest(room);
    await iterator.return?.();
    if (sent < size / 2) return;
    // Firefox and WebKit buffer the whole body, also of a fetch of their own: then this runtime must do so here.
    const {fetch} = globalThis;
    const response = await fetch(room.url('/bytes', {size}));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await room.until((now) => now.sent - sent >= size, 'the runtime itself to take it all in');
    await reader.cancel();
  });

  it('a download resumes where it was cut', async ({open, room}) => {
    const session = open();
    const file = download(session, room.url('/file', {size: 200_000, cut: 70_000, etag: '"1"'}));
    let place = 0;
    for await (const chunk of cutAfterFirst(file, room)) place = checkPattern(chunk, place);
    equal(place, 200_000, 'bytes in all');
    equal(file.size, 200_000, 'size');
    ok((await room.stats()).arrivals.length > 1, 'more than one request');
    equal(session.stats().active, 0, 'active');
  });

  it('a download is checked against the digest that the server sends', async ({open, room}) => {
    const session = open();
    const url = room.url('/file', {size: 10_000, digest: 1});
    equal((await collect(download(session, url, {digest: 'required'}))).length > 0, true, 'whether it came');
    const wrong = collect(
      download(session, room.url('/file', {size: 10_000, digest: 'wrong'}), {digest: true}),
    );
    await typedRejection(wrong, 'the loop', {name: 'DownloadError', code: 'ERR_DOWNLOAD_DIGEST'});
  });

  it('a download whose content changed in between fails, or restarts if it has onRestart', async ({
    open,
    room,
  }) => {
    const session = open();
    const query = {size: 20_000, cut: 5_000, etag: ['"1"', '"2"']};
    const changed = collect(cutAfterFirst(download(session, room.url('/file', query)), room));
    await typedRejection(changed, 'the loop', {name: 'DownloadError', code: 'ERR_DOWNLOAD_CHANGED'});
    let place = 0;
    const file = download(session, room.url('/file', query), {
      onRestart: () => {
        place = 0;
      },
    });
    for await (const chunk of cutAfterFirst(file, room)) place = checkPattern(chunk, place);
    equal(place, 20_000, 'bytes in all');
    equal(session.stats().active, 0, 'active');
  });

  it('an event source reconnects after the last event, and ends at a 204', async ({open, room}) => {
    const session = open();
    const events = eventSource(session, room.url('/events', {count: 5, each: 2}), {reconnectDelay: 5});
    same(
      (await collect(events)).map(({data}) => data),
      ['1', '2', '3', '4', '5'],
      'data',
    );
    equal(events.lastEventId, '5', 'lastEventId');
    equal((await room.stats()).arrivals.length, 4, 'requests');
    equal(session.stats().active, 0, 'active');
  });
};

/** Waits until the server sends no more, and gives how much it has sent: the size of all buffers on the way. */
async function sentAtRest(room: Room): Promise<number> {
  let sent = -1;
  let calm = 0;
  await until(async () => {
    const before = sent;
    await sleep(100);
    ({sent} = await room.stats());
    calm = sent === before ? calm + 1 : 0;
    return calm === 4;
  }, 'the server to be held back');
  return sent;
}

/** Lets the server cut the connection after the first chunk has arrived: some runtimes drop data that came before a cut. */
async function* cutAfterFirst<T>(chunks: AsyncIterable<T>, room: Room): AsyncGenerator<T> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield chunk;
    if (!isFirst) continue;
    isFirst = false;
    await room.until(({held}) => held === 1, 'the server to be done');
    await room.release();
  }
}

async function collect<T>(items: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const item of items) into.push(item);
  return into;
}

/** Fails unless a chunk of `/bytes` has the bytes that belong at its place; gives the place after the chunk. */
function checkPattern(chunk: Uint8Array, place: number): number {
  const index = chunk.findIndex((byte, offset) => byte !== (place + offset) % 251);
  if (index !== -1) fail(`Expected another byte at ${place + index}`);
  return place + chunk.length;
}

async function breakOff(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) break;
}

async function returnEarly(items: AsyncIterableIterator<unknown>): Promise<void> {
  await items.next();
  await items.return?.();
}

async function throwOut(items: AsyncIterable<unknown>): Promise<void> {
  const loop = async () => {
    for await (const _ of items) throw reason;
  };
  equal(await rejection(loop(), 'the loop'), reason, 'what it rejects with');
}
