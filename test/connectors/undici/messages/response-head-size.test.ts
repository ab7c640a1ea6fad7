import {beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError, InvalidOptionError, TimeoutError} from '../../../../src/index.ts';
import type {Authority, Identity} from '../../../support/authority.ts';
import {createAuthority} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';

let authority: Authority;
let identity: Identity;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue();
});

/** What a server answers with: informational heads, and then a response with one large header. */
interface Answer {
  /** How many responses with status 103 the server sends, each with a header of 1,000 bytes. */
  readonly hints?: number;
  /** Sends a response with status 103 every few ms, and nothing else. */
  readonly endless?: boolean;
  /** How many bytes the header of the response has. */
  readonly header?: number;
}

const link = 'l'.repeat(996);

/** Calls a function every few ms until the connection is closed. */
function repeat(send: () => void, isOver: () => boolean): void {
  const timer = setInterval(() => (isOver() ? clearInterval(timer) : send()), 5);
  onTestFinished(() => clearInterval(timer));
}

async function startHttp1({hints = 0, endless = false, header = 1}: Answer): Promise<string> {
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\n\r\n`;
  const server = await startRawServer(async (connection) => {
    await connection.head();
    if (endless)
      repeat(
        () => connection.send(hint),
        () => connection.socket.destroyed,
      );
    connection.send(hint.repeat(hints));
    if (!endless) connection.respond('body', `X-Large: ${'x'.repeat(header)}\r\n`);
  });
  return server.origin;
}

async function startHttp2({hints = 0, endless = false, header = 1}: Answer): Promise<string> {
  const server = await startHttp2Server(identity, (_request, response) => {
    const {stream} = response;
    const hint = () => stream.additionalHeaders({':status': 103, link});
    stream.on('error', () => {});
    if (endless) repeat(hint, () => stream.destroyed);
    else {
      for (let index = 0; index < hints; index++) hint();
      response.setHeader('x-large', 'x'.repeat(header));
      response.end('body');
    }
  });
  return server.origin;
}

const protocols: ReadonlyArray<
  readonly [string, (answer: Answer) => Promise<string>, () => RequestInit & {expectContinue?: number}]
> = [
  ['HTTP/1.1', startHttp1, () => ({})],
  ['HTTP/2', startHttp2, () => ({})],
  [
    'HTTP/1.1 with expectContinue',
    startHttp1,
    () => ({method: 'PUT', body: new Blob(['x'.repeat(100)]), expectContinue: 1}),
  ],
];

describe.each(protocols)('a response over %s', (_protocol, start, init) => {
  const open = (maxHeaderSize?: number) =>
    openSession({http2: true, tls: {ca: authority.cert}, maxHeaderSize}).fetch;

  it('informational responses do not begin the read timeout anew', async () => {
    const origin = await start({endless: true});
    const error = await failure(open()(origin, {...init(), timeout: {read: 100}}));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({phase: 'read', limit: 100});
  });

  it('a hundred informational responses may come before the response', async () => {
    const origin = await start({hints: 100});
    expect(await (await open()(origin, init())).text()).toBe('body');
  });

  it('informational responses of more than 240 KiB fail the call', async () => {
    const origin = await start({hints: 250});
    const error = await failure(open()(origin, init()));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'receive', code: 'UND_ERR_HEADERS_OVERFLOW'});
    expect((error as Error).message).toMatch(/too large.*informational/);
  });

  it.each([
    [undefined, 15_000, 17_000],
    [1_024, 700, 1_100],
    [50_000, 49_000, 51_000],
  ])(
    'maxHeaderSize of %s allows a header of %s bytes, and refuses one of %s',
    async (limit, allowed, refused) => {
      const fetch = open(limit);
      const response = await fetch(await start({header: allowed}), init());
      expect(response.headers.get('x-large')).toHaveLength(allowed);
      expect(await response.text()).toBe('body');
      const error = await failure(fetch(await start({header: refused}), init()));
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({phase: 'receive', code: 'UND_ERR_HEADERS_OVERFLOW'});
      expect((error as Error).message).toContain(`more than ${limit ?? 16_384} bytes (maxHeaderSize)`);
    },
  );
});

describe('the head of a response', () => {
  it('a connection over HTTP/2 goes on after one head that was too large', async () => {
    const server = await startHttp2Server(identity, (request, response) => {
      response.setHeader('x-large', 'x'.repeat(request.url === '/large' ? 20_000 : 1));
      response.end('body');
    });
    const {fetch, stats} = openSession({http2: true, tls: {ca: authority.cert}});
    await failure(fetch(`${server.origin}/large`));
    expect(await (await fetch(server.origin)).text()).toBe('body');
    expect(stats().totals).toMatchObject({opened: 1});
  });

  it('maxHeaderSize bounds the trailers of a response too', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.head();
      connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n');
      connection.send(`X-Trailer: ${'x'.repeat(20_000)}\r\n\r\n`);
    });
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    expect(await failure(response.text())).toMatchObject({
      phase: 'receive',
      code: 'UND_ERR_HEADERS_OVERFLOW',
    });
  });

  it.each([0, 1_023, 1.5, 2 ** 25, Infinity, '16k'])('a maxHeaderSize of %s is refused', (maxHeaderSize) => {
    expect(() => undiciConnector({maxHeaderSize: maxHeaderSize as number})).toThrow(InvalidOptionError);
    expect(() => undiciConnector({maxHeaderSize: maxHeaderSize as number})).toThrow(
      /connector\.maxHeaderSize/,
    );
  });
});
