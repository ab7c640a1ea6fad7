import {inspect} from 'node:util';
import {gzipSync} from 'node:zlib';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {JsonError} from '../../../../src/index.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {rejection} from '../../../support/mock-session.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {turns, waitFor} from '../../../support/wait-for.ts';

const megabyte = Buffer.alloc(1024 * 1024, 'm');

/** Fetches from a server that gives every request the same answer. */
async function serving(
  body: string | Uint8Array = 'hello',
  headers: Record<string, string | string[]> = {},
  status = 200,
) {
  const server = await startServer((_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  });
  const pooled = openSession({limit: 3});
  return {...pooled, server, get: (path = '/') => pooled.fetch(server.origin + path)};
}

/** The same response twice: with its body complete, and with half of it on its way. The code treats the two differently. */
async function eachWay(body: string | Uint8Array = 'hello') {
  const bytes = Buffer.from(body);
  const finish: Array<() => void> = [];
  const server = await startServer((request, response) => {
    if (request.url === '/whole') return void response.end(bytes);
    response.writeHead(200, {'content-length': bytes.length});
    response.write(bytes.subarray(0, bytes.length / 2));
    finish.push(() => response.end(bytes.subarray(bytes.length / 2)));
  });
  const {fetch, stats} = openSession();
  const whole = async () => {
    const response = await fetch(`${server.origin}/whole`);
    if (bytes.length < 50_000) await waitFor(() => stats().active === finish.length);
    return response;
  };
  const half = async () => {
    const response = await fetch(`${server.origin}/half`);
    return {response, finish: () => finish.pop()?.()};
  };
  return {whole, half};
}

describe('a response passes for a built-in Response', () => {
  it('instanceof, tag, constructor and name are those of a Response', async () => {
    const {get} = await serving();
    const response = await get();
    expect(response).toBeInstanceOf(Response);
    expect(Object.prototype.toString.call(response)).toBe('[object Response]');
    expect(response.constructor).toBe(Response);
    expect(response.headers).toBeInstanceOf(Headers);
    expect(response.body).toBeInstanceOf(ReadableStream);
    expect(inspect(response)).toMatch(/^Response \{\s+status: 200/);
  });

  it('the response has every member of a built-in one, in the same place', async () => {
    const {get} = await serving();
    const response = await get();
    for (const name of Object.getOwnPropertyNames(Response.prototype)) {
      expect(name in response, name).toBe(true);
      const value = (response as unknown as Record<string, unknown>)[name];
      expect(typeof value, name).toBe(typeof (new Response('x') as unknown as Record<string, unknown>)[name]);
    }
    expect(Object.keys(response)).toEqual([]);
  });

  it('members are enumerable as those of a built-in one are', async () => {
    const {get} = await serving();
    const listed = new Set<string>();
    for (const name in await get()) listed.add(name);
    const builtIn = new Set<string>();
    for (const name in new Response()) builtIn.add(name);
    for (const name of builtIn) expect(listed).toContain(name);
  });

  it('members can be redefined, on a response and on its clone', async () => {
    const {get} = await serving();
    const response = await get();
    Object.defineProperty(response, 'url', {value: 'https://redefined.example/'});
    Object.defineProperty(response, 'extra', {value: 1, configurable: true});
    expect(response.url).toBe('https://redefined.example/');
    const clone = response.clone();
    Object.defineProperty(clone, 'redirected', {value: true});
    expect(clone.redirected).toBe(true);
    expect(await response.text()).toBe('hello');
  });

  it('a new Response can be made of a response', async () => {
    const {get} = await serving('hello', {'x-header': 'value', 'content-type': 'text/x'}, 201);
    const response = await get();
    const copy = new Response(response.body, response);
    expect(copy).toMatchObject({status: 201, statusText: 'Created'});
    expect(copy.headers.get('x-header')).toBe('value');
    expect(await copy.text()).toBe('hello');
    expect(response.bodyUsed).toBe(true);
  });

  it('members taken from the prototype refuse other objects', () => {
    const {get: status} = Object.getOwnPropertyDescriptor(Response.prototype, 'status') ?? {};
    expect(() => status?.call({})).toThrow(TypeError);
  });
});

describe('the head of a response', () => {
  it('the head has what the server sent', async () => {
    const {get, server} = await serving('', {}, 418);
    const response = await get('/path?query=1#fragment');
    expect(response).toMatchObject({
      status: 418,
      statusText: "I'm a Teapot",
      ok: false,
      type: 'basic',
      redirected: false,
      url: `${server.origin}/path?query=1`,
    });
  });

  it.each([
    [200, true],
    [299, true],
    [300, false],
    [404, false],
    [500, false],
    [599, false],
  ])('with status %i, ok is %s', async (status, ok) => {
    const {get} = await serving('', {}, status);
    expect(await get()).toMatchObject({status, ok});
  });

  it('the status text may be unusual, or empty', async () => {
    const server = await startRawServer(async (connection) => {
      for (;;) {
        const {path} = await connection.request();
        const text = path === '/none' ? '' : ' All Fine ';
        connection.send(`HTTP/1.1 200${text}\r\nContent-Length: 0\r\n\r\n`);
      }
    });
    const {fetch} = openSession();
    expect((await fetch(`${server.origin}/none`)).statusText).toBe('');
    expect((await fetch(`${server.origin}/some`)).statusText.trim()).toBe('All Fine');
  });

  it('headers are found in any case, joined, trimmed, and read as bytes', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      const fields = 'X-Two: a\r\nx-two:b\r\nX-Space:   padded\t \r\nX-Empty:\r\nX-Latin: caf\xe9\r\n';
      connection.send(Buffer.from(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`, 'latin1'));
    });
    const {fetch} = openSession();
    const {headers} = await fetch(server.origin);
    expect(headers.get('X-TWO')).toBe('a, b');
    expect(headers.get('x-space')).toBe('padded');
    expect(headers.get('x-empty')).toBe('');
    expect(headers.get('x-latin')).toBe('caf\xe9');
    expect(headers.get('x-none')).toBeNull();
    expect([...headers.keys()]).toEqual(['content-length', 'x-empty', 'x-latin', 'x-space', 'x-two']);
  });

  it('Set-Cookie headers are kept apart', async () => {
    const {get} = await serving('', {'set-cookie': ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2']});
    const {headers} = await get();
    expect(headers.getSetCookie()).toEqual(['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2']);
  });

  it('headers is the same object each time', async () => {
    const {get} = await serving();
    const response = await get();
    expect(response.headers).toBe(response.headers);
  });
});

describe('a response without a body', () => {
  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 205],
    ['GET', 304],
  ])('a response to %s with status %i has no body', async (method, status) => {
    const {fetch, server} = await serving('', {}, status);
    const response = await fetch(server.origin, {method});
    expect(response.body).toBeNull();
    expect(response.bodyUsed).toBe(false);
    // It can be read any number of times, because there is nothing to consume.
    expect(await response.text()).toBe('');
    expect(await response.text()).toBe('');
    expect((await response.arrayBuffer()).byteLength).toBe(0);
    expect(response.bodyUsed).toBe(false);
    expect(response.clone().body).toBeNull();
    expect(new Response(response.body, response).status).toBe(status);
  });

  it('an empty body differs from no body', async () => {
    const {get} = await serving('');
    const response = await get();
    expect(response.body).toBeInstanceOf(ReadableStream);
    expect(await response.text()).toBe('');
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
  });
});

const readers: Record<string, (response: Response) => Promise<unknown>> = {
  text: (response) => response.text(),
  json: (response) => response.json(),
  bytes: (response) => response.bytes(),
  arrayBuffer: (response) => response.arrayBuffer(),
  blob: (response) => response.blob(),
  formData: (response) => response.formData(),
  'body.cancel': async (response) => response.body?.cancel(),
  'body’s reader': async (response) => response.body?.getReader().read(),
  'for await': async (response) => {
    for await (const _ of response.body as ReadableStream<Uint8Array>);
  },
};

describe('reading a body twice', () => {
  const first = Object.entries(readers).filter(([name]) => name !== 'formData');
  it.each(first)('after %s, every other way of reading rejects', async (name, read) => {
    const {whole, half} = await eachWay('{"a":1}');
    for (const way of ['whole', 'half'] as const) {
      const {response, finish} = way === 'whole' ? {response: await whole(), finish: () => {}} : await half();
      expect(response.bodyUsed).toBe(false);
      const reading = read(response);
      // A loop starts reading with its first step; all other ways start at once.
      if (name === 'for await') await turns();
      expect(response.bodyUsed).toBe(true);
      finish();
      await reading;
      expect(response.bodyUsed).toBe(true);
      for (const method of ['text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData'] as const) {
        await expect(response[method](), method).rejects.toBeInstanceOf(TypeError);
      }
      expect(() => response.clone()).toThrow(TypeError);
      expect(() => new Response(response.body)).toThrow(TypeError);
    }
  });

  it('a failed json() has read the body as well', async () => {
    const {get} = await serving('{"a":');
    const response = await get();
    await expect(response.json()).rejects.toBeInstanceOf(SyntaxError);
    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
  });

  it('a reader locks the body', async () => {
    const {get} = await serving();
    const response = await get();
    const reader = response.body?.getReader();
    expect(response.bodyUsed).toBe(false);
    expect(response.body?.locked).toBe(true);
    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
    reader?.releaseLock();
    expect(await response.text()).toBe('hello');
  });

  it('the stream of a body that was read otherwise is locked and disturbed', async () => {
    const {get} = await serving();
    const response = await get();
    await response.text();
    expect(response.body).toBeInstanceOf(ReadableStream);
    expect(response.body?.locked).toBe(true);
    expect(response.body).toBe(response.body);
  });
});

describe('text()', () => {
  it('text() decodes UTF-8, whatever the charset', async () => {
    const {get} = await serving('Grüße, 世界 🌍', {'content-type': 'text/plain; charset=iso-8859-1'});
    expect(await (await get()).text()).toBe('Grüße, 世界 🌍');
  });

  it('text() and json() drop one byte order mark', async () => {
    const {get} = await serving(Buffer.from('\uFEFF\uFEFF1'));
    expect(await (await get()).text()).toBe('\uFEFF1');
    const {get: getOne} = await serving(Buffer.from('\uFEFF{"a":1}'));
    expect(await (await getOne()).json()).toEqual({a: 1});
    expect((await (await getOne()).bytes()).length).toBe(10);
  });

  it('text() replaces invalid UTF-8 as a TextDecoder does', async () => {
    let body: Uint8Array = Buffer.alloc(0);
    const server = await startServer((_request, response) => response.end(body));
    const {fetch} = openSession();
    const piece = fc.oneof(
      fc.uint8Array({maxLength: 5}),
      fc.string({unit: 'binary', maxLength: 3}).map((text) => Buffer.from(text)),
      fc
        .constantFrom([0xef, 0xbb, 0xbf], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0x80])
        .map((bytes) => Uint8Array.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, {maxLength: 10}), async (pieces) => {
        body = Buffer.concat(pieces);
        expect(await (await fetch(server.origin)).text()).toBe(new TextDecoder().decode(body));
      }),
      {numRuns: 200},
    );
  });

  it('text() joins a character that was split over two chunks', async () => {
    const {half} = await eachWay('€');
    const {response, finish} = await half();
    const text = response.text();
    await turns(3);
    finish();
    expect(await text).toBe('€');
  });
});

describe('json()', () => {
  it.each(['', '{', 'undefined', '{"a":1}x', '<html>'])(
    'json() of %j rejects with a JsonError, which is a SyntaxError and names the request',
    async (body) => {
      const {get} = await serving(body);
      const response = await get();
      const error = await rejection(response.json());
      expect(error).toBeInstanceOf(SyntaxError);
      expect(error).toBeInstanceOf(JsonError);
      const {url} = response;
      expect(error).toMatchObject({code: 'ERR_JSON', phase: 'receive', request: {method: 'GET', url}});
      expect((error as Error).message).toBe(`The body is not JSON (GET ${url})`);
    },
  );

  it('json() accepts any JSON, whatever the Content-Type', async () => {
    const {get} = await serving('[1,"two",null]', {'content-type': 'text/plain'});
    expect(await (await get()).json()).toEqual([1, 'two', null]);
  });
});

describe('bytes() and arrayBuffer()', () => {
  it('the bytes share their memory with nothing else', async () => {
    const {whole, half} = await eachWay('hello');
    for (const name of ['bytes', 'arrayBuffer'] as const) {
      const bytes = new Uint8Array(await (await whole())[name]());
      const {response, finish} = await half();
      const reading = response[name]();
      finish();
      for (const each of [bytes, new Uint8Array(await reading)]) {
        expect(Buffer.from(each).toString()).toBe('hello');
        expect(each.byteOffset).toBe(0);
        expect(each.buffer.byteLength).toBe(5);
      }
    }
  });

  it('chunks of a stream share their memory with nothing else', async () => {
    const {get} = await serving();
    const {value} = (await (await get()).body?.getReader().read()) ?? {};
    expect(value).toBeInstanceOf(Uint8Array);
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
    expect(value?.buffer.byteLength).toBe(5);
    structuredClone(value, {transfer: [value?.buffer as ArrayBuffer]});
  });

  it('a body of several megabytes is complete', async () => {
    const large = Buffer.concat(Array.from({length: 5}, (_, index) => Buffer.alloc(megabyte.length, index)));
    const {get} = await serving(large);
    expect(Buffer.compare(Buffer.from(await (await get()).arrayBuffer()), large)).toBe(0);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await get()).body as ReadableStream<Uint8Array>) chunks.push(chunk);
    expect(Buffer.compare(Buffer.concat(chunks), large)).toBe(0);
  });
});

describe('blob()', () => {
  it.each([
    ['text/plain;charset=utf-8', 'text/plain;charset=utf-8'],
    ['Text/HTML; Charset=UTF-8', 'text/html;charset=utf-8'],
    [undefined, ''],
    ['nonsense', ''],
  ])('blob() of type %j is a Blob of type %j', async (contentType, type) => {
    const {get} = await serving('hello', contentType === undefined ? {} : {'content-type': contentType});
    const blob = await (await get()).blob();
    expect(blob).toBeInstanceOf(Blob);
    expect(blob).toMatchObject({size: 5, type});
    expect(await blob.text()).toBe('hello');
  });
});

describe('formData()', () => {
  it('formData() parses a multipart body', async () => {
    const form = new FormData();
    form.append('field', 'välue');
    form.append('file', new File(['content'], 'näme.txt', {type: 'text/plain'}));
    const made = new Response(form);
    const {get} = await serving(await made.bytes(), {
      'content-type': made.headers.get('content-type') as string,
    });
    const parsed = await (await get()).formData();
    expect(parsed.get('field')).toBe('välue');
    expect(await (parsed.get('file') as File).text()).toBe('content');
    expect((parsed.get('file') as File).name).toBe('näme.txt');
  });

  it('formData() parses a urlencoded body', async () => {
    const {get} = await serving('a=1&b=two+words', {'content-type': 'application/x-www-form-urlencoded'});
    expect([...(await (await get()).formData())]).toEqual([
      ['a', '1'],
      ['b', 'two words'],
    ]);
  });

  it('formData() of any other body is a TypeError', async () => {
    const {get} = await serving('hello', {'content-type': 'text/plain'});
    await expect((await get()).formData()).rejects.toBeInstanceOf(TypeError);
  });
});

describe('the body stream', () => {
  it('the stream supports readers with a buffer of their own', async () => {
    const {get} = await serving('0123456789');
    const reader = ((await get()).body as ReadableStream<Uint8Array>).getReader({mode: 'byob'});
    let text = '';
    let buffer = new Uint8Array(3);
    for (;;) {
      const {done, value} = await reader.read(buffer);
      if (done) {
        expect(value).toHaveLength(0);
        break;
      }
      text += Buffer.from(value);
      buffer = new Uint8Array(value.buffer);
    }
    expect(text).toBe('0123456789');
    await reader.closed;
  });

  it('a reader with a buffer of its own waits for more data', async () => {
    const {half} = await eachWay('0123456789');
    const {response, finish} = await half();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader({mode: 'byob'});
    expect(Buffer.from((await reader.read(new Uint8Array(100))).value ?? []).toString()).toBe('01234');
    const next = reader.read(new Uint8Array(100));
    finish();
    expect(Buffer.from((await next).value ?? []).toString()).toBe('56789');
    expect((await reader.read(new Uint8Array(1))).done).toBe(true);
  });

  it('the stream can be read in parts: by two readers, and the rest at once', async () => {
    const {get} = await serving(megabyte);
    const response = await get();
    let size = 0;
    for (let part = 0; part < 2; part++) {
      const reader = response.body?.getReader();
      size += (await reader?.read())?.value?.length ?? 0;
      reader?.releaseLock();
    }
    for await (const chunk of response.body as ReadableStream<Uint8Array>) size += chunk.length;
    expect(size).toBe(megabyte.length);
  });

  it('the stream can be piped through a transform', async () => {
    const {get} = await serving('grüße');
    const stream = (await get()).body as ReadableStream<Uint8Array<ArrayBuffer>>;
    let text = '';
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) text += chunk;
    expect(text).toBe('grüße');
  });

  it('a stream that is left half-way frees the slot', async () => {
    const {get, stats} = await serving(Buffer.concat([megabyte, megabyte]));
    for await (const _ of (await get()).body as ReadableStream<Uint8Array>) break;
    expect(stats().active).toBe(0);
  });

  it('the stream closes only when the last byte was read', async () => {
    const {half} = await eachWay('0123456789');
    const {response, finish} = await half();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let closed = false;
    void reader.closed.then(() => {
      closed = true;
    });
    await reader.read();
    finish();
    await turns(5);
    expect(closed).toBe(false);
    await reader.read();
    expect(await reader.read()).toEqual({done: true, value: undefined});
    await reader.closed;
  });

  it('the stream goes on after a pause without data', async () => {
    // Exactly as many bytes as are buffered of an unread body.
    const start = 128 * 1024;
    let finish = () => {};
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${start + 5}\r\n\r\n`);
      connection.send(Buffer.alloc(start));
      finish = () => connection.send('12345');
    });
    const {fetch, stats} = openSession();
    const response = await fetch(server.origin);
    await waitFor(() => stats().totals.bytesReceived === start);
    let size = 0;
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      expect(chunk.length).toBeGreaterThan(0);
      size += chunk.length;
      if (size === start) finish();
    }
    expect(size).toBe(start + 5);
  });

  it('an unread stream holds the server back', async () => {
    let sent = 0;
    const server = await startServer((_request, response) => {
      const write = () => {
        while (sent < 100 * megabyte.length) {
          sent += megabyte.length;
          if (!response.write(megabyte)) return void response.once('drain', write);
        }
        response.end();
      };
      write();
    });
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    let before = -1;
    while (before !== sent) {
      before = sent;
      await turns(50);
    }
    expect(sent).toBeLessThan(50 * megabyte.length);
    let size = 0;
    for await (const chunk of response.body as ReadableStream<Uint8Array>) size += chunk.length;
    expect(size).toBe(100 * megabyte.length);
  });
});

describe('clone()', () => {
  it('two clones can be read one after the other', async () => {
    const {whole, half} = await eachWay('hello');
    const response = await whole();
    const clone = response.clone();
    expect([await clone.text(), await response.text()]).toEqual(['hello', 'hello']);
    const {response: other, finish} = await half();
    const otherClone = other.clone();
    finish();
    expect([await other.text(), await otherClone.text()]).toEqual(['hello', 'hello']);
  });

  it('a response can be cloned after its stream was created', async () => {
    const {whole} = await eachWay('hello');
    const response = await whole();
    const stream = response.body;
    const clone = response.clone();
    expect(stream?.locked).toBe(true);
    expect(response.body).not.toBe(stream);
    expect([await clone.text(), await response.text()]).toEqual(['hello', 'hello']);
  });

  it('a clone can be cloned many times', async () => {
    const {half} = await eachWay('hello');
    const {response, finish} = await half();
    const clones = [response];
    for (let index = 0; index < 5; index++) clones.push((clones.at(-1) as Response).clone());
    finish();
    expect(await Promise.all(clones.map((clone) => clone.text()))).toEqual(Array(6).fill('hello'));
  });

  it('a clone has the same head, and headers of its own', async () => {
    const {get, server} = await serving('', {'x-header': 'value', 'set-cookie': ['a=1', 'b=2']}, 404);
    const response = await get('/x');
    // Headers are made when they are first read, before the clone or after it.
    for (const isRead of [false, true]) {
      if (isRead) expect(response.headers.get('x-header')).toBe('value');
      const clone = response.clone();
      expect(clone).toBeInstanceOf(Response);
      expect(clone).toMatchObject({
        status: 404,
        statusText: 'Not Found',
        url: `${server.origin}/x`,
        type: 'basic',
        redirected: false,
        ok: false,
      });
      expect(clone.headers.get('x-header')).toBe('value');
      expect(clone.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
      expect(clone.headers).not.toBe(response.headers);
    }
  });

  it('headers can be read and copied, and not changed', async () => {
    const {get} = await serving('', {'x-header': 'value'});
    const response = await get('/x');
    for (const {headers} of [response, response.clone()]) {
      expect(() => headers.set('x-header', 'other')).toThrow(TypeError);
      expect(() => headers.append('x-other', '1')).toThrow(TypeError);
      expect(() => headers.delete('x-header')).toThrow(TypeError);
      expect(headers).toBeInstanceOf(Headers);
      expect(headers.constructor).toBe(Headers);
      expect([...headers.keys()]).toContain('x-header');
      const copy = new Headers(headers);
      copy.set('x-header', 'changed');
      expect([copy.get('x-header'), headers.get('x-header')]).toEqual(['changed', 'value']);
    }
    const other = new Response(null, response);
    other.headers.delete('x-header');
    expect(other.headers.has('x-header')).toBe(false);
  });

  it('both clones of a large body are whole, and the slot is freed', async () => {
    const large = Buffer.concat(Array.from({length: 4}, () => megabyte));
    const {get, stats} = await serving(large);
    const response = await get();
    const clone = response.clone();
    const [one, other] = await Promise.all([response.arrayBuffer(), clone.bytes()]);
    expect(Buffer.compare(Buffer.from(one), large)).toBe(0);
    expect(Buffer.compare(other, large)).toBe(0);
    expect(stats().active).toBe(0);
  });

  it('when one clone is cancelled, the other stays readable', async () => {
    const {get, stats} = await serving(Buffer.concat([megabyte, megabyte]));
    const response = await get();
    const clone = response.clone();
    // Resolves when the other clone is cancelled too.
    const cancelled = clone.body?.cancel();
    expect((await response.arrayBuffer()).byteLength).toBe(2 * megabyte.length);
    await cancelled;
    expect(stats().active).toBe(0);
  });

  it('a clone fails with the original', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome');
      await turns(5);
      connection.socket.destroy();
    });
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    const clone = response.clone();
    const outcomes = await Promise.allSettled([response.text(), clone.text()]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({status: 'rejected', reason: {name: 'TypeError'}});
    }
  });
});

describe('a connection that breaks while nobody reads', () => {
  const heads = {plain: '', coded: 'Content-Encoding: gzip\r\n'};
  for (const [kind, head] of Object.entries(heads)) {
    it(`the stream of a ${kind} body fails then, not at the next read`, async () => {
      const some = kind === 'coded' ? gzipSync('some', {level: 0}).subarray(0, 20) : Buffer.from('some');
      const server = await startRawServer(async (connection) => {
        await connection.request();
        connection.send(`HTTP/1.1 200 OK\r\n${head}Content-Length: 1000\r\n\r\n`);
        connection.send(some);
      });
      const {fetch} = openSession();
      for (const options of [{}, {maxResponseSize: 5_000}]) {
        const reader = ((await fetch(server.origin, options)).body as ReadableStream<Uint8Array>).getReader();
        await reader.read();
        server.connections.at(-1)?.socket.destroy();
        expect(await failure(reader.closed)).toMatchObject({name: 'TypeError', phase: 'receive'});
        expect(await failure(reader.read())).toBe(await failure(reader.closed));
      }
    });
  }

  it('an abort fails the stream at once, with its reason', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome');
    });
    const {fetch} = openSession();
    const controller = new AbortController();
    const {body} = await fetch(server.origin, {signal: controller.signal});
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await failure(reader.closed)).toBe(reason);
  });
});
