import type {ServerResponse} from 'node:http';
import {gzipSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';
import {undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {createSession} from '../../../../src/index.ts';
import type {HttpServer} from '../../../support/http-server.ts';
import {startServer} from '../../../support/http-server.ts';
import type {PooledSession} from '../../../support/open-session.ts';
import {openSession} from '../../../support/open-session.ts';
import {turns, waitFor, waitForGc} from '../../../support/wait-for.ts';

const megabyte = Buffer.alloc(1024 * 1024, 'x');

/** Serves ten megabytes at /large. At other paths it sends the start of a body, and the end when the test says so. */
async function startSlow(start: string | Buffer = '{"a":', headers: Record<string, string> = {}) {
  const held: ServerResponse[] = [];
  const server = await startServer((request, response) => {
    response.writeHead(200, headers);
    if (request.url === '/large') {
      for (let index = 0; index < 10; index++) response.write(megabyte);
      response.end();
    } else {
      response.write(start);
      held.push(response);
    }
  });
  return Object.assign(server, {
    held,
    finish(end: string | Buffer) {
      for (const response of held.splice(0)) response.end(end);
    },
  });
}

/** Collects garbage several times, with a turn of the event loop in between. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await turns(3);
  }
}

// V8 does not collect what the frame of a running function holds, so each step has a function of its own.
const fetchAndDrop = async ({fetch}: PooledSession, url: string) => {
  await fetch(url);
};

describe('a large unread body', () => {
  it('an unread body holds its slot while its response is in use', async () => {
    const server = await startSlow();
    const {fetch, stats} = openSession({limit: 1});
    const response = await fetch(`${server.origin}/large`);
    await collectGarbage();
    expect(stats()).toMatchObject({active: 1});
    expect((await response.arrayBuffer()).byteLength).toBe(10 * megabyte.length);
    expect(stats()).toMatchObject({active: 0, idle: 1});
  });

  it('an unread body frees its slot when it is cancelled', async () => {
    const server = await startSlow();
    const {fetch, stats} = openSession({limit: 1});
    const response = await fetch(`${server.origin}/large`);
    await response.body?.cancel();
    expect(stats()).toMatchObject({active: 0});
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('an unread body frees its slot when its response is garbage-collected', async () => {
    const server = await startSlow();
    const pooled = openSession({limit: 1});
    await fetchAndDrop(pooled, `${server.origin}/large`);
    expect(pooled.stats()).toMatchObject({active: 1});
    const waiting = fetchAndDrop(pooled, `${server.origin}/large`);
    expect(pooled.stats()).toMatchObject({queued: 1});
    await waitForGc(() => pooled.stats().queued === 0);
    await waiting;
    await waitForGc(() => pooled.stats().active === 0);
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('an unread body frees its slot when its stream is garbage-collected, and not before', async () => {
    const server = await startSlow();
    const pooled = openSession({limit: 1});
    const held: {stream: unknown} = {stream: undefined};
    const fetchStream = async () => {
      held.stream = (await pooled.fetch(`${server.origin}/large`)).body;
    };
    await fetchStream();
    await collectGarbage();
    expect(pooled.stats().active).toBe(1);
    held.stream = undefined;
    await waitForGc(() => pooled.stats().active === 0);
  });

  it('a half-read body frees its slot when its reader is garbage-collected, and not before', async () => {
    const server = await startSlow();
    const pooled = openSession({limit: 1});
    const held: {reader: ReadableStreamDefaultReader<Uint8Array> | undefined} = {reader: undefined};
    const fetchReader = async () => {
      held.reader = (await pooled.fetch(`${server.origin}/large`)).body?.getReader();
      await held.reader?.read();
    };
    await fetchReader();
    await collectGarbage();
    expect(pooled.stats().active).toBe(1);
    expect((await held.reader?.read())?.done).toBe(false);
    held.reader = undefined;
    await waitForGc(() => pooled.stats().active === 0);
  });

  it('a cloned body frees its slot when both responses are garbage-collected, and not before', async () => {
    const server = await startSlow();
    const pooled = openSession({limit: 1});
    const held: {clone: Response | undefined} = {clone: undefined};
    const fetchClone = async () => {
      held.clone = (await pooled.fetch(`${server.origin}/large`)).clone();
    };
    await fetchClone();
    await collectGarbage();
    expect(pooled.stats().active).toBe(1);
    held.clone = undefined;
    await waitForGc(() => pooled.stats().active === 0);
  });

  it('a coded unread body frees its slot when it is garbage-collected', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(200, {'content-encoding': 'gzip'}).end(gzipSync(megabyte, {level: 0}));
    });
    const pooled = openSession({limit: 1});
    await fetchAndDrop(pooled, server.origin);
    expect(pooled.stats().active).toBe(1);
    await waitForGc(() => pooled.stats().active === 0);
  });
});

describe('a body whose reader holds only a promise', () => {
  const readers: Record<string, (response: Response) => Promise<unknown>> = {
    'text()': (response) => response.text(),
    'json()': async (response) => JSON.stringify(await response.json()),
    'bytes()': async (response) => Buffer.from(await response.bytes()).toString(),
    'arrayBuffer()': async (response) => Buffer.from(await response.arrayBuffer()).toString(),
    'blob()': async (response) => (await response.blob()).text(),
    'clone().text()': (response) => response.clone().text(),
    'for await': async (response) => {
      let text = '';
      for await (const chunk of response.body as ReadableStream<Uint8Array>) text += Buffer.from(chunk);
      return text;
    },
    'new Response(body)': (response) => new Response(response.body).text(),
  };

  async function readWhileCollecting(
    server: HttpServer & {finish(end: string | Buffer): void},
    end: string | Buffer,
    read: (response: Response) => Promise<unknown>,
  ): Promise<unknown> {
    const {fetch} = openSession();
    const reading = fetch(server.origin).then(read);
    await waitFor(() => server.requests.length > 0);
    await collectGarbage();
    server.finish(end);
    return reading;
  }

  it.each(Object.entries(readers))('%s is not interrupted by garbage collection', async (_name, read) => {
    const server = await startSlow();
    expect(await readWhileCollecting(server, '1}', read)).toBe('{"a":1}');
  });

  it.each(Object.entries(readers))(
    '%s of a coded body is not interrupted by garbage collection',
    async (_name, read) => {
      const coded = gzipSync('{"a":1}');
      const server = await startSlow(coded.subarray(0, 15), {'content-encoding': 'gzip'});
      expect(await readWhileCollecting(server, coded.subarray(15), read)).toBe('{"a":1}');
    },
  );

  it('formData() is not interrupted by garbage collection', async () => {
    const headers = {'content-type': 'application/x-www-form-urlencoded'};
    const server = await startSlow('a=', headers);
    const read = async (response: Response) => (await response.formData()).get('a');
    expect(await readWhileCollecting(server, '1', read)).toBe('1');
  });
});

describe('garbage collection of what is still open', () => {
  it('idle sockets are closed when their connector is garbage-collected', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const useAndDrop = async () => {
      const session = createSession({connector: undiciConnector()});
      await (await session.fetch(server.origin)).text();
    };
    await useAndDrop();
    await turns(2);
    expect(server.sockets.open.size).toBe(1);
    await waitForGc(() => server.sockets.open.size === 0);
  });

  it('idle sockets are closed when their session is garbage-collected', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const useAndDrop = async () => {
      const session = createSession({connector: {limit: 2}});
      await (await session.fetch(server.origin)).text();
      await session.get(server.origin).text();
    };
    await useAndDrop();
    await turns(2);
    expect(server.sockets.open.size).toBe(1);
    await waitForGc(() => server.sockets.open.size === 0);
  });

  it('requests of a garbage-collected session end well, and then their sockets close', async () => {
    const server = await startSlow('start ');
    const startAndDrop = () => createSession({connector: undiciConnector()}).fetch(server.origin);
    const pending = startAndDrop();
    await waitFor(() => server.held.length === 1);
    await collectGarbage();
    const response = await pending;
    await collectGarbage();
    server.finish('end');
    expect(await response.text()).toBe('start end');
    await waitForGc(() => server.sockets.open.size === 0);
  });
});
