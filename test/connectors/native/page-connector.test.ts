import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {platform} from '../../../src/connectors/default/page.ts';
import {pageConnector} from '../../../src/connectors/native/page.ts';
import {smallPageConnector} from '../../../src/connectors/native/small-page.ts';
import {Lifetime} from '../../../src/core/call-lifetime.ts';
import {openPageBody} from '../../../src/core/open-page-body.ts';
import {takeBody} from '../../../src/core/read-request-body.ts';
import type {Session} from '../../../src/index.ts';
import {createSession, UnsupportedOptionError} from '../../../src/index.ts';
import {createSessionOn} from '../../../src/session/create-session.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {rejection} from '../../support/mock-session.ts';

function pageSession(): Session {
  const connector = smallPageConnector();
  const session = createSession({retry: false, connector});
  onTestFinished(async () => {
    await session.destroy();
    await connector.destroy();
  });
  return session;
}

it.each([pageConnector, smallPageConnector])(
  '%o, a default connector of pages, refuses unreadTimeout, since it does not watch its queues',
  (connector) => {
    expect(() => connector({unreadTimeout: 5_000})).toThrow(
      expect.objectContaining({name: 'UnsupportedOptionError', option: 'connector.unreadTimeout'}),
    );
  },
);

describe('the default connector of aiofetch/core in a page', () => {
  it('the small page connector refuses a stream and an async iterable, and names fetchConnector as the way to send one', async () => {
    const session = pageSession();
    async function* chunks(): AsyncGenerator<string> {
      yield 'one';
    }
    for (const body of [new ReadableStream<Uint8Array>(), chunks(), () => chunks()]) {
      const error = await rejection(session.fetch('http://127.0.0.1:2/', {method: 'POST', body}));
      expect(error).toBeInstanceOf(UnsupportedOptionError);
      expect(error).toMatchObject({
        option: 'body',
        message: expect.stringContaining('fetchConnector of aiofetch/fetch'),
      });
    }
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
  });

  it('the small page connector refuses to report the progress of an upload', async () => {
    const session = pageSession();
    const call = session.fetch('http://127.0.0.1:2/', {
      method: 'POST',
      body: 'text',
      onUploadProgress: () => undefined,
    });
    expect(await rejection(call)).toBeInstanceOf(UnsupportedOptionError);
  });

  it('the small page connector sends bytes, a Blob, a form and the body of a Request', async () => {
    const received: string[] = [];
    const server = await startServer(async (request, response) => {
      received.push((await bodyOf(request)).toString());
      response.end();
    });
    const session = pageSession();
    const form = new FormData();
    form.append('name', 'Ada');
    const url = `${server.origin}/`;
    for (const body of [new TextEncoder().encode('bytes'), new Blob(['blob']), form]) {
      await (await session.fetch(url, {method: 'POST', body})).text();
    }
    await (await session.fetch(new Request(url, {method: 'POST', body: 'of a Request'}))).text();
    expect(received).toEqual(['bytes', 'blob', expect.stringContaining('Ada'), 'of a Request']);
  });
});

describe('the default connector of aiofetch in a page', () => {
  it('the page connector sends a form and parameters whole when it reports their progress', async () => {
    const received: string[] = [];
    const server = await startServer(async (request, response) => {
      received.push(`${request.headers['content-type']} ${(await bodyOf(request)).toString()}`);
      response.end();
    });
    const connector = pageConnector();
    const session = createSession({retry: false, connector});
    onTestFinished(async () => {
      await session.destroy();
      await connector.destroy();
    });
    const form = new FormData();
    form.append('name', 'Ada');
    for (const body of [form, new URLSearchParams({name: 'Ada'}), 'Ada']) {
      const init = {method: 'POST', body, onUploadProgress: () => undefined};
      await (await session.fetch(`${server.origin}/`, init)).text();
    }
    expect(received).toEqual([
      expect.stringMatching(/^multipart\/form-data; boundary=[\s\S]*Ada/),
      'application/x-www-form-urlencoded;charset=UTF-8 name=Ada',
      'text/plain;charset=UTF-8 Ada',
    ]);
  });
});

describe('hooks in a page', () => {
  it('a hook sees the bytes of a form as they are sent', async () => {
    const received: string[] = [];
    const server = await startServer(async (request, response) => {
      received.push(`${request.headers['content-type']} ${(await bodyOf(request)).toString()}`);
      response.end();
    });
    const seen: string[] = [];
    const session = createSessionOn(
      {
        hooks: {
          beforeRequest: [
            async ({request}) => {
              seen.push(`${request.headers.get('content-type')} ${await request.clone().text()}`);
            },
          ],
        },
      },
      platform,
    );
    onTestFinished(() => session.destroy());
    const form = new FormData();
    form.append('name', 'Ada');
    await session.post(`${server.origin}/`, {body: form});
    expect(seen).toEqual([expect.stringMatching(/^multipart\/form-data; boundary=[\s\S]*Ada/)]);
    expect(received).toEqual(seen);
  });
});

describe('the body of a page’s Request', () => {
  it.each([
    ['of a browser', new Request('https://api.test/', {method: 'POST', body: 'text'})],
    [
      'of Firefox, which has no body',
      withoutBody(new Request('https://api.test/', {method: 'POST', body: 'text'})),
    ],
  ])('the body of a Request is read to its end: %s', async (_what, request) => {
    const opened = await openPageBody(takeBody(request) as ReadableStream<Uint8Array>, new Lifetime());
    expect(await new Response(opened as BodyInit).text()).toBe('text');
  });

  it('a GET of Firefox has no body', () => {
    expect(takeBody(withoutBody(new Request('https://api.test/')))).toBe(null);
  });
});

/** The members of a Request that Firefox has. */
function withoutBody(request: Request): Request {
  const {method, bodyUsed} = request;
  return {method, bodyUsed, arrayBuffer: () => request.arrayBuffer()} as Request;
}

describe.each([
  ['the page connector', pageConnector],
  ['the small page connector', smallPageConnector],
])('%s over a fetch that a test has replaced', (_name, makeConnector) => {
  it.each([
    ['an object of the test', {ok: true, json: async () => ({})}],
    ['undefined', undefined],
  ])('%s is refused by an error that names fetchConnector, which takes it', async (_what, value) => {
    const replacement = vi.fn(() => value);
    vi.stubGlobal('fetch', replacement);
    onTestFinished(() => void vi.unstubAllGlobals());
    await using session = createSession({connector: makeConnector()});
    const error = await rejection(session.get('https://api.test/'));
    expect(error).toMatchObject({
      code: 'ERR_NOT_A_RESPONSE',
      message: expect.stringContaining('fetchConnector'),
    });
    expect(replacement).toHaveBeenCalledOnce();
  });
});
