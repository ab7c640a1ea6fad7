import {equal, instance, networkError, ok, rejection, same, typedRejection} from '../assert.ts';
import type {Case, Topic} from '../case.ts';
import {textOf} from '../echo.ts';
import {until} from '../room.ts';
import type {Echo} from '../server-address.ts';

const encoder = new TextEncoder();

/** Checks bodies that are streams: they are streamed, or refused where the runtime can't; never read into memory. */
export const uploads: Topic = (it, can, server) => {
  const url = ({room}: Case, path: string, query = {}) =>
    room.urlOn(server.secure ?? server.origins[0], path, query);

  if (can.expectContinue) {
    it('a body with expectContinue is sent after the server asked for it', async (given) => {
      const init = {method: 'POST', body: 'text', expectContinue: 10_000};
      const echo = (await (await given.open().fetch(url(given, '/echo'), init)).json()) as Echo;
      equal(textOf(echo), 'text', 'body');
      equal(echo.headers['expect'], '100-continue', 'expect');
    });

    it('a body with expectContinue is not sent when the server answers without asking for it', async (given) => {
      const session = given.open();
      const init = {method: 'POST', body: 'text', expectContinue: 10_000};
      const response = await session.fetch(url(given, '/early', {code: 401}), init);
      equal(response.status, 401, 'status');
      equal(await response.text(), 'early', 'text');
      const {active, totals} = session.stats();
      equal(active, 0, 'active');
      equal(totals.bytesSent, 0, 'bytes sent');
    });
  } else {
    it('expectContinue is refused where the connector cannot wait for the server, and nothing is sent', async (given) => {
      const init = {method: 'POST', body: 'text', expectContinue: true};
      const promise = given.open().fetch(url(given, '/echo'), init);
      await typedRejection(promise, 'fetch', {name: 'UnsupportedOptionError', option: 'expectContinue'});
      equal((await given.room.stats()).arrivals.length, 0, 'number of requests that arrived');
    });
  }

  if (!can.requestStreams) {
    for (const [what, body] of [
      ['a stream', () => streamOf('one')],
      ['an async iterable', () => iterableOf('one')],
    ] as const) {
      it(`${what} is refused as a body where the runtime cannot stream it`, async (given) => {
        const session = given.open();
        const promise = session.fetch(url(given, '/echo'), {method: 'POST', body: body()});
        await typedRejection(promise, 'fetch', {name: 'UnsupportedOptionError', option: 'body'});
        equal(session.stats().active, 0, 'active');
        equal((await given.room.stats()).arrivals.length, 0, 'number of requests that arrived');
      });
    }
    return;
  }

  it('a ReadableStream is sent without a content-length, with the content-type of the caller', async (given) => {
    const response = await given.open().fetch(url(given, '/echo'), {
      method: 'POST',
      body: streamOf('one', 'two'),
      headers: {'content-type': 'text/x-own'},
    });
    const echo = (await response.json()) as Echo;
    equal(textOf(echo), 'onetwo', 'body');
    equal(echo.headers['content-type'], 'text/x-own', 'content-type');
    equal(echo.headers['content-length'], undefined, 'content-length');
  });

  it('an async iterable of bytes and strings is sent', async (given) => {
    const body = iterableOf('one', encoder.encode('two'));
    const response = await given.open().fetch(url(given, '/echo'), {method: 'PUT', body});
    equal(textOf((await response.json()) as Echo), 'onetwo', 'body');
  });

  it('a function that makes a stream is called for the body', async (given) => {
    const response = await given
      .open()
      .fetch(url(given, '/echo'), {method: 'POST', body: () => streamOf('one')});
    equal(textOf((await response.json()) as Echo), 'one', 'body');
  });

  it('a stream is sent while it is produced', async (given) => {
    const {room} = given;
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const {received} = await room.stats();
          if (received === 0) controller.enqueue(encoder.encode('first'));
          else controller.close();
          if (received === 0) await room.until((stats) => stats.received === 5, 'the first part to arrive');
        },
      },
      {highWaterMark: 0},
    );
    const response = await given.open().fetch(url(given, '/upload'), {method: 'POST', body});
    same(await response.json(), {size: 5}, 'what arrived');
  });

  it('a stream is not read further ahead than the connection takes it', async (given) => {
    const chunk = new Uint8Array(100_000);
    let made = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (made === 1_000) controller.close();
          else controller.enqueue(chunk);
          made++;
        },
      },
      {highWaterMark: 0},
    );
    const controller = new AbortController();
    const {signal} = controller;
    const promise = given.open().fetch(url(given, '/stall'), {method: 'POST', body, signal});
    const rejected = rejection(promise, 'fetch');
    await given.room.until(({active}) => active === 1, 'the request to arrive');
    await new Promise((resolve) => setTimeout(resolve, 200));
    controller.abort();
    await rejected;
    ok(made < 500, `no more than half of it read, not ${made} chunks`);
  });

  it('a stream that fails ends the request, and its error is the cause', async (given) => {
    const reason = new Error('No more of it');
    const session = given.open();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(encoder.encode('one')),
      pull: (controller) => controller.error(reason),
    });
    const promise = session.fetch(url(given, '/echo'), {method: 'POST', body});
    const error = await networkError(promise, 'fetch');
    equal(error['phase'], 'send', 'phase');
    equal(error['cause'], reason, 'cause');
    equal(session.stats().active, 0, 'active');
  });

  it('an abort cancels the stream that is being sent', async (given) => {
    const session = given.open();
    const reason = new Error('enough');
    const controller = new AbortController();
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => stream.enqueue(encoder.encode('one')),
      cancel() {
        isCancelled = true;
      },
    });
    const promise = session.fetch(url(given, '/echo'), {method: 'POST', body, signal: controller.signal});
    const rejected = rejection(promise, 'fetch');
    await given.room.until(({received}) => received === 3, 'the first part to arrive');
    controller.abort(reason);
    equal(await rejected, reason, 'what it rejects with');
    equal(session.stats().active, 0, 'active');
    await until(() => isCancelled, 'the stream to be cancelled');
  });

  it('a response that arrives before the end of the stream cancels the stream, and is given', async (given) => {
    const session = given.open();
    const chunk = new Uint8Array(100_000);
    let made = 0;
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (made++ === 10_000) controller.close();
          else controller.enqueue(chunk);
        },
        cancel() {
          isCancelled = true;
        },
      },
      {highWaterMark: 0},
    );
    const response = await session.fetch(url(given, '/early'), {method: 'POST', body});
    equal(response.status, 413, 'status');
    equal(await response.text(), 'early', 'text');
    await until(() => session.stats().active === 0, 'the slot to be free');
    await until(() => isCancelled, 'the stream to be cancelled');
    ok(made < 5_000, `no more than half of it read, not ${made} chunks`);
  });

  it('a stream that is locked is refused with a TypeError', async (given) => {
    const body = streamOf('one');
    body.getReader();
    const error = await rejection(given.open().fetch(url(given, '/echo'), {method: 'POST', body}), 'fetch');
    instance(error, TypeError);
  });

  it('a redirect that needs a stream again rejects with a TypeError', async (given) => {
    const session = given.open();
    const to = url(given, '/redirect', {status: 307});
    const error = await rejection(session.fetch(to, {method: 'POST', body: streamOf('one')}), 'fetch');
    instance(error, TypeError);
    equal(session.stats().active, 0, 'active');
  });

  it('a redirect that turns POST into GET drops the stream', async (given) => {
    const to = url(given, '/redirect', {status: 303, to: url(given, '/echo')});
    const response = await given.open().fetch(to, {method: 'POST', body: streamOf('one')});
    equal(((await response.json()) as Echo).method, 'GET', 'method');
  });
};

function streamOf(...parts: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(encoder.encode(part));
    },
  });
}

async function* iterableOf(...parts: Array<string | Uint8Array>): AsyncGenerator<string | Uint8Array> {
  yield* parts;
}
