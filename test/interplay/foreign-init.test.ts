import {
  Agent,
  type Dispatcher,
  getGlobalDispatcher,
  MockAgent,
  ProxyAgent,
  setGlobalDispatcher,
} from 'undici';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {undiciConnector} from '../../src/connectors/undici/index.ts';
import {
  createSession,
  defineClient,
  endpoint,
  type FetchInit,
  type Session,
  type SessionOptions,
  singleFlightPolicy,
  type,
  UnsupportedOptionError,
} from '../../src/index.ts';
import {startServer} from '../support/http-server.ts';
import {rejection} from '../support/mock-session.ts';
import {runNode} from '../support/run-node.ts';

// Members of an init that the standard doesn't have, and the ways in which undici and Node change the connections of `fetch`.

function newSession(options: SessionOptions = {}): Session {
  const session = createSession(options);
  onTestFinished(() => session.destroy());
  return session;
}

const startDirect = () => startServer((_request, response) => response.end('"direct"'));
/** A proxy for `http:` URLs that answers itself. */
const startProxy = () => startServer((request, response) => response.end(`proxy ${request.url}`));

function proxyAgent(origin: string): ProxyAgent {
  const agent = new ProxyAgent({uri: origin, proxyTunnel: false});
  onTestFinished(() => agent.destroy());
  return agent;
}

function useDispatcher(dispatcher: Dispatcher): void {
  const before = getGlobalDispatcher();
  setGlobalDispatcher(dispatcher);
  onTestFinished(() => setGlobalDispatcher(before));
}

const foreign = (members: object) => members as FetchInit;

describe('the member `dispatcher` of an init', () => {
  it('the dispatcher of a call sends it, and no other call', async () => {
    const direct = await startDirect();
    const proxy = await startProxy();
    const session = newSession({connector: {limit: 1}});
    const init = foreign({dispatcher: proxyAgent(proxy.origin)});
    expect(await (await session.fetch(direct.origin, init)).text()).toBe(`proxy ${direct.origin}/`);
    expect(await (await session.fetch(direct.origin)).text()).toBe('"direct"');
    expect(session.stats()).toMatchObject({active: 0, totals: {sent: 2, requests: 2}});
  });

  it('a session whose connector guards addresses refuses a dispatcher, which would not', async () => {
    const session = newSession({connector: {allowAddress: () => true} as object});
    const error = await rejection(session.fetch('http://127.0.0.1:2/', foreign({dispatcher: new Agent()})));
    expect(error).toBeInstanceOf(UnsupportedOptionError);
    expect(error).toMatchObject({option: 'connector.allowAddress'});
  });

  it.each(['dispatcher', 'agent', 'proxy', 'tls', 'unix', 'client'])(
    'an undiciConnector refuses a %s, which it would ignore, and takes one that is undefined',
    async (member) => {
      const {origin} = await startDirect();
      await using connector = undiciConnector();
      const session = newSession({connector});
      const error = await rejection(session.fetch(origin, foreign({[member]: {}})));
      expect(error).toBeInstanceOf(UnsupportedOptionError);
      expect(error).toMatchObject({option: member});
      expect((await session.fetch(origin, foreign({[member]: undefined}))).status).toBe(200);
    },
  );

  it('the default connector refuses the members of node-fetch, Bun and Deno', async () => {
    const session = newSession();
    for (const member of ['agent', 'proxy', 'tls', 'unix', 'client']) {
      expect(await rejection(session.fetch('http://127.0.0.1:2/', foreign({[member]: {}})))).toMatchObject({
        option: member,
      });
    }
  });

  it('requests with other dispatchers share no flight', async () => {
    const direct = await startDirect();
    const proxy = await startProxy();
    const session = newSession({policies: [singleFlightPolicy()]});
    const [one, other] = await Promise.all([
      session.fetch(direct.origin, foreign({dispatcher: proxyAgent(proxy.origin)})),
      session.fetch(direct.origin, foreign({dispatcher: new Agent()})),
    ]);
    expect([await one.text(), await other.text()]).toEqual([`proxy ${direct.origin}/`, '"direct"']);
  });
});

describe('setGlobalDispatcher', () => {
  it('a session sends through a global dispatcher from the moment it is set, until it is set back', async () => {
    const direct = await startDirect();
    const proxy = await startProxy();
    const session = newSession();
    expect(await session.get(direct.origin).text()).toBe('"direct"');
    const before = getGlobalDispatcher();
    useDispatcher(proxyAgent(proxy.origin));
    expect(await session.get(direct.origin).text()).toBe(`proxy ${direct.origin}/`);
    setGlobalDispatcher(before);
    expect(await session.get(direct.origin).text()).toBe('"direct"');
  });

  it('a MockAgent answers verbs and session.fetch, and its ban on connections holds', async () => {
    const {origin, requests} = await startDirect();
    const mock = new MockAgent();
    mock.disableNetConnect();
    mock.get(origin).intercept({path: '/x'}).reply(200, {mocked: true}).times(2);
    useDispatcher(mock);
    const session = newSession({retry: false});
    expect(await session.get(`${origin}/x`).json()).toEqual({mocked: true});
    expect(await (await session.fetch(`${origin}/x`)).json()).toEqual({mocked: true});
    expect(await rejection(session.fetch(`${origin}/y`))).toBeInstanceOf(TypeError);
    expect(requests).toHaveLength(0);
  });

  it('interceptors and options of an Agent are used, and an Agent without any changes nothing', async () => {
    const {origin} = await startDirect();
    const session = newSession({retry: false});
    const seen: unknown[] = [];
    useDispatcher(
      new Agent().compose((dispatch) => (options, handler) => {
        seen.push(options.path);
        return dispatch(options, handler);
      }),
    );
    await session.get(`${origin}/composed`).text();
    expect(seen).toEqual(['/composed']);
    useDispatcher(
      new Agent({connect: {lookup: (_host, _options, done) => done(new Error('own lookup'), [])}}),
    );
    expect(await rejection(session.get(origin.replace('127.0.0.1', 'localhost')).text())).toMatchObject({
      message: expect.stringContaining('own lookup'),
    });
    useDispatcher(new Agent());
    await session.get(origin).text();
    expect(session.stats().totals.opened).toBe(1);
  });

  it('a session whose connector guards addresses refuses to send through it', async () => {
    useDispatcher(new MockAgent());
    const session = newSession({connector: {allowAddress: () => true} as object, retry: false});
    expect(await rejection(session.fetch('http://127.0.0.1:2/'))).toMatchObject({
      option: 'connector.allowAddress',
      message: expect.stringContaining('undiciConnector'),
    });
  });
});

describe('the proxies of the environment', () => {
  const script = `
    import {createSession} from 'aiofetch';
    import {undiciConnector} from 'aiofetch/undici';
    const texts = [];
    for (const fetch of [globalThis.fetch, createSession().fetch, createSession({connector: {limit: 1}}).fetch]) {
      for (const url of ['http://api.test/x', process.env.DIRECT]) texts.push(await (await fetch(url)).text());
    }
    console.log(JSON.stringify(texts));`;

  it.each([
    ['NODE_USE_ENV_PROXY=1', {NODE_USE_ENV_PROXY: '1'}, []],
    ['--use-env-proxy', {}, ['--use-env-proxy']],
  ])("with %s, a session uses them as Node's own fetch does", async (_name, env, args) => {
    const direct = await startDirect();
    const proxy = await startServer((_request, response) => response.end('proxied'));
    // Node's fetch may open a tunnel also for http: URLs.
    proxy.server.on('connect', (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nproxied'));
    });
    const {stdout} = await runNode([...args, '--no-warnings', '--input-type=module', '-e', script], {
      env: {...env, HTTP_PROXY: proxy.origin, NO_PROXY: '127.0.0.1', DIRECT: direct.origin},
    });
    expect(JSON.parse(stdout)).toEqual(Array(3).fill(['proxied', '"direct"']).flat());
  });
});

describe('members that frameworks and runtimes add to an init', () => {
  const members = {
    next: {revalidate: 60, tags: ['a']},
    cf: {cacheTtl: 5},
    window: null,
    targetAddressSpace: 'local',
  };

  function replaceFetch() {
    const replacement = vi.fn(async (_url: string, _init: object) => new Response('"ok"'));
    vi.stubGlobal('fetch', replacement);
    onTestFinished(() => void vi.unstubAllGlobals());
    return replacement;
  }

  it('a replaced fetch gets them from session.fetch, from verbs and from typed calls', async () => {
    const replacement = replaceFetch();
    const session = newSession({baseUrl: 'https://api.test/'});
    const client = defineClient({one: endpoint('GET /one', {response: type<string>()})})(session);
    await session.fetch('x', foreign(members));
    await session.get('x', members as object).json();
    await client.one(members as object);
    for (const [, init] of replacement.mock.calls) expect(init).toMatchObject(members);
    expect(replacement).toHaveBeenCalledTimes(3);
  });

  it('a replaced fetch gets any member of session.fetch, but none of the options of the session', async () => {
    const replacement = replaceFetch();
    const agent = {};
    await newSession().fetch(
      'https://api.test/',
      foreign({agent, verbose: true, other: 1, retry: true, timeout: 1_000, trace: [], maxResponseSize: 9}),
    );
    const [, init] = replacement.mock.calls[0] as [string, object];
    expect(init).toMatchObject({agent, verbose: true, other: 1});
    for (const own of ['retry', 'timeout', 'trace', 'maxResponseSize']) expect(init).not.toHaveProperty(own);
  });

  it('a replaced fetch gets no member that nobody gave', async () => {
    const replacement = replaceFetch();
    await newSession().fetch('https://api.test/', new Request('https://other.test/', {cache: 'no-store'}));
    await newSession().get('https://api.test/').text();
    const names = replacement.mock.calls.map(([, init]) => Object.keys(init).sort());
    expect(names).toEqual([
      ['cache', 'headers', 'method', 'redirect', 'signal'],
      ['headers', 'method', 'redirect', 'signal'],
    ]);
  });

  it("over the session's own pool, session.fetch ignores unknown members, and verbs refuse them", async () => {
    const {origin} = await startDirect();
    const session = newSession();
    expect((await session.fetch(origin, foreign({...members, other: 1}))).status).toBe(200);
    expect(await session.get(origin, members as object).json()).toBe('direct');
    expect(await rejection(session.get(origin, {other: 1} as object))).toMatchObject({option: 'other'});
  });
});
