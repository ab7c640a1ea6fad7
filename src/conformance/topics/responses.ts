import {hedgePolicy} from '../../policies/hedge/index.ts';
import {singleFlightPolicy} from '../../policies/single-flight/index.ts';
import {equal, instance, ok, rejection, same} from '../assert.ts';
import type {Topic} from '../case.ts';
import type {Echo} from '../server-address.ts';

/** Checks that responses are standard `Response`s in every respect. */
export const responses: Topic = (it) => {
  it('a response has its status, statusText, headers and url', async ({open, room}) => {
    const url = room.url('/status', {
      code: 404,
      header: ['x-one:1', 'x-one:2', 'x-two: b '],
    });
    const response = await open().fetch(`${url}#fragment`);
    equal(response.status, 404, 'status');
    equal(response.statusText, 'Not Found', 'statusText');
    equal(response.headers.get('X-One'), '1, 2', 'x-one');
    // Node's own `fetch` leaves the white space behind a value.
    equal(response.headers.get('x-two')?.trimEnd(), 'b', 'x-two');
    equal(response.headers.get('x-none'), null, 'x-none');
    equal(response.url.split('#', 1)[0], url, 'url');
    equal(response.redirected, false, 'redirected');
    equal(response.bodyUsed, false, 'bodyUsed');
  });

  it('text() gives the body, and sets bodyUsed', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'äöü'}));
    equal(await response.text(), 'äöü', 'text');
    equal(response.bodyUsed, true, 'bodyUsed');
  });

  it('text() leaves the byte order mark out', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: '\ufefftext'}));
    equal(await response.text(), 'text', 'text');
  });

  it('json() parses the body, and rejects with a SyntaxError if it is not JSON', async ({open, room}) => {
    const session = open();
    const response = await session.fetch(room.url('/status', {text: '{"a":[1,null]}'}));
    same(await response.json(), {a: [1, null]}, 'JSON');
    const broken = await session.fetch(room.url('/status', {text: '{"a":'}));
    const error = await rejection(broken.json(), 'json()');
    // Compared by name as well, since the error of a connector that was written by hand may come from another realm.
    ok(error instanceof SyntaxError || (error as Error).name === 'SyntaxError', 'a SyntaxError');
  });

  it('json() of a verb rejects with a JsonError, which shows no piece of the body', async ({open, room}) => {
    for (const text of ['s3cret', '{"a": s3cret}', '']) {
      const error = await rejection(open().get(room.url('/status', {text})).json(), 'json()');
      equal((error as Error).name, 'JsonError', 'name');
      ok(error instanceof SyntaxError, 'a SyntaxError');
      const {message, stack, cause} = error as Error;
      ok(!`${message} ${stack}`.includes('s3cret'), 'no piece of the body');
      equal(cause, undefined, 'cause');
    }
  });

  // A header's value has a character for each byte (Fetch, "isomorphic decode"). workerd reads and writes UTF-8 instead, so
  // the runtime's own fetch is the measure.
  const bytes = 'caf\xe9 \xc3\xa9 \xff';
  for (const [what, policies] of [
    ['', []],
    [' after policies that send or copy the response', [hedgePolicy({delay: 60_000}), singleFlightPolicy()]],
  ] as const) {
    it(`headers keep bytes that are not ASCII${what}`, async ({open, room}) => {
      const to = room.url('/status', {header: `x-bytes:${bytes}`, text: 'text'});
      const expected = (await globalThis.fetch(to)).headers.get('x-bytes');
      const session = open({policies, retry: {retries: 1}, maxResponseSize: 1_000});
      const response = await session.fetch(room.url('/redirect', {to}), {headers: {'x-bytes': bytes}});
      equal(response.headers.get('x-bytes'), expected, 'x-bytes');
      equal(response.clone().headers.get('x-bytes'), expected, 'x-bytes of a clone');
      equal(await response.text(), 'text', 'body');
    });
  }

  it('headers of requests keep bytes that are not ASCII', async ({open, room}) => {
    const init = {headers: {'x-bytes': bytes}};
    const [own, response] = await Promise.all([
      globalThis.fetch(room.url('/echo'), init),
      open().fetch(room.url('/echo'), init),
    ]);
    const [expected, echo] = (await Promise.all([own.json(), response.json()])) as [Echo, Echo];
    equal(echo.headers['x-bytes'], expected.headers['x-bytes'], 'x-bytes');
  });

  it('arrayBuffer() and bytes() give the bytes of the body', async ({open, room}) => {
    const session = open();
    const buffer = await (await session.fetch(room.url('/bytes', {size: 5}))).arrayBuffer();
    instance(buffer, ArrayBuffer);
    same([...new Uint8Array(buffer)], [0, 1, 2, 3, 4], 'content of the buffer');
    const bytes = await (await session.fetch(room.url('/bytes', {size: 5}))).bytes();
    instance(bytes, Uint8Array);
    same([...bytes], [0, 1, 2, 3, 4], 'bytes');
  });

  it('blob() gives the body with its type', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'text', type: 'text/x-own'}));
    const blob = await response.blob();
    instance(blob, Blob);
    equal(blob.type, 'text/x-own', 'type');
    equal(await blob.text(), 'text', 'content');
  });

  it('formData() parses a form', async ({open, room}) => {
    const form = await (await open().fetch(room.url('/form'))).formData();
    equal(form.get('field'), 'value', 'field');
    const file = form.get('file') as File;
    equal(file.name, 'a.txt', 'name of the file');
    equal(await file.text(), 'content', 'content of the file');
  });

  it('a body can be read once', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'text'}));
    await response.text();
    const error = await rejection(response.text(), 'the second text()');
    instance(error, TypeError);
  });

  it('body is a stream of Uint8Arrays', async ({open, room}) => {
    const response = await open().fetch(room.url('/bytes', {size: 300_000, chunked: 1}));
    ok(response.body instanceof ReadableStream, 'a ReadableStream');
    equal(response.body, response.body, 'body, asked for again');
    const reader = response.body.getReader();
    let size = 0;
    for (;;) {
      const {done, value} = await reader.read();
      if (done) break;
      ok(value instanceof Uint8Array, 'chunks of Uint8Array');
      for (const byte of value) {
        if (byte !== size++ % 251) equal(byte, (size - 1) % 251, `byte ${size - 1}`);
      }
    }
    equal(size, 300_000, 'size');
    equal(response.bodyUsed, true, 'bodyUsed');
  });

  it('body can be piped through a TransformStream', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'äöü'}));
    const reader = (response.body as ReadableStream<BufferSource>)
      .pipeThrough(new TextDecoderStream())
      .getReader();
    let text = '';
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
    equal(text, 'äöü', 'text');
  });

  it('body yields data while the server sends it', async ({open, room}) => {
    const response = await open().fetch(room.url('/hold-body', {size: 1}));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    equal((await reader.read()).value?.length, 1, 'size of the first chunk');
    await room.release();
    equal((await reader.read()).value?.length, 'released'.length, 'size of the second chunk');
    equal((await reader.read()).done, true, 'done');
  });

  it('body can be given to another Response', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'text', header: 'x-one:1'}));
    const copy = new Response(response.body, response);
    equal(copy.headers.get('x-one'), '1', 'x-one');
    equal(await copy.text(), 'text', 'text');
  });

  it('a body of 4 MB arrives whole', async ({open, room}) => {
    const response = await open().fetch(room.url('/bytes', {size: 4_000_000}));
    const bytes = new Uint8Array(await response.arrayBuffer());
    equal(bytes.length, 4_000_000, 'size');
    equal(bytes[3_999_999], 3_999_999 % 251, 'the last byte');
  });

  for (const code of [204, 205, 304]) {
    it(`a response with status ${code} has no body`, async ({open, room}) => {
      const session = open();
      const response = await session.fetch(room.url('/status', {code}));
      equal(response.status, code, 'status');
      equal(await response.text(), '', 'text');
      equal(session.stats().active, 0, 'active');
    });
  }

  it('an empty body reads as an empty text', async ({open, room}) => {
    const response = await open().fetch(room.url('/bytes', {size: 0}));
    equal((await response.arrayBuffer()).byteLength, 0, 'size');
  });

  it('clone() gives a response that can be read before or after the original', async ({open, room}) => {
    const session = open();
    for (const cloneFirst of [true, false]) {
      const response = await session.fetch(room.url('/status', {text: 'text', header: 'x-one:1'}));
      const clone = response.clone();
      ok(clone instanceof Response, 'an instance of Response');
      equal(clone.url, response.url, 'url of the clone');
      equal(clone.redirected, response.redirected, 'redirected of the clone');
      equal(clone.type, response.type, 'type of the clone');
      equal(clone.headers.get('x-one'), '1', 'x-one of the clone');
      const [first, second] = cloneFirst ? [clone, response] : [response, clone];
      equal(await first.text(), 'text', 'text of the first');
      equal(second.bodyUsed, false, 'bodyUsed of the second');
      equal(await second.text(), 'text', 'text of the second');
    }
  });

  it('clone() of a body of 1 MB can be read at the same time as the original', async ({open, room}) => {
    const response = await open().fetch(room.url('/bytes', {size: 1_000_000}));
    const clone = response.clone();
    const [one, two] = await Promise.all([response.arrayBuffer(), clone.arrayBuffer()]);
    equal(one.byteLength, 1_000_000, 'size of the one');
    equal(two.byteLength, 1_000_000, 'size of the other');
  });

  it('clone() throws after the body has been read', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'text'}));
    await response.text();
    let error: unknown;
    try {
      response.clone();
    } catch (thrown) {
      error = thrown;
    }
    instance(error, TypeError);
  });

  it('a member of a response can be redefined, as tools do', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {text: 'text'}));
    Object.defineProperty(response, 'url', {value: 'https://example.com/'});
    equal(response.url, 'https://example.com/', 'url');
    equal(await response.text(), 'text', 'text');
  });
};
