import {inspect} from 'node:util';
import {describe, expect, it, onTestFinished} from 'vitest';
import {fetchConnector} from '../../src/connectors/native/fetch.ts';
import {undiciConnector} from '../../src/connectors/undici/index.ts';
import type {Connector, Session, SessionOptions} from '../../src/index.ts';
import {AiofetchError, createSession, singleFlightPolicy} from '../../src/index.ts';
import {startServer} from '../support/http-server.ts';
import {rejection} from '../support/mock-session.ts';
import {startRawServer} from '../support/raw-server.ts';

const secret = 's3cret';

/** Everything that a log may show of an error. */
function shown(error: Error): string {
  return [
    String(error),
    error.stack,
    JSON.stringify(error),
    JSON.stringify({...error}),
    inspect(error, {depth: Number.POSITIVE_INFINITY}),
    inspect({error}, {depth: Number.POSITIVE_INFINITY, compact: false}),
  ].join('\n');
}

type Case = (make: (options?: SessionOptions) => Session) => Promise<{call: Promise<unknown>}>;

/** A server with the given behaviour, and a call to it with secrets in its URL, headers and body. */
function calling(
  respond: Parameters<typeof startServer>[0],
  options: object = {},
  sessionOptions: (origin: string) => SessionOptions = () => ({}),
): Case {
  return async (make) => {
    const server = await startServer(respond);
    const session = make({
      baseUrl: server.origin,
      auth: {bearer: `${secret}-token`},
      headers: {cookie: `a=${secret}`},
      ...sessionOptions(server.origin),
    });
    const call = session
      .post(`/path?key=${secret}&${secret}#${secret}`, {json: {password: secret}, ...options})
      .json();
    return {call};
  };
}

const cases: Record<string, Case> = {
  status: calling((_request, response) => {
    response.writeHead(403, {'set-cookie': `a=${secret}`, 'content-type': 'application/json'});
    response.end(JSON.stringify({password: secret}));
  }),
  'total timeout': calling(() => {}, {timeout: 30}),
  'read timeout': calling(() => {}, {timeout: {read: 30}}),
  'connection cut': calling((request) => request.socket.destroy()),
  'body cut': calling((request, response) => {
    response.writeHead(200, {'content-length': 1000});
    response.write(`{"password": "${secret}`, () => setTimeout(() => request.socket.destroy(), 10));
  }),
  'redirect loop': calling((_request, response) => {
    response.writeHead(307, {location: `/path?key=${secret}`}).end();
  }),
  'redirect refused': calling(
    (_request, response) => {
      response.writeHead(307, {location: `/path?key=${secret}`}).end();
    },
    {redirect: 'error'},
  ),
  'redirect to nowhere': calling((_request, response) => {
    response.writeHead(307, {location: `http://user:${secret}@[bad/?key=${secret}`}).end();
  }),
  'redirect to another scheme': calling((_request, response) => {
    response.writeHead(307, {location: `ftp://user:${secret}@host/?key=${secret}`}).end();
  }),
  'redirect with credentials': calling((_request, response) => {
    response.writeHead(307, {location: `http://user:${secret}@127.0.0.1:2/`}).end();
  }),
  'no gzip': calling((_request, response) => {
    response.writeHead(200, {'content-encoding': 'gzip'}).end(`{"password": "${secret}"}`);
  }),
  'no HTTP': async (make) => {
    const server = await startRawServer(async (connection) => {
      await connection.head();
      connection.send(`${secret} is not HTTP\r\n\r\n`);
      connection.socket.end();
    });
    const session = make({headers: {authorization: secret}});
    return {call: session.fetch(`${server.origin}/?key=${secret}`)};
  },
  'connection refused': async (make) => {
    const session = make({headers: {authorization: secret}});
    return {call: session.fetch(`http://127.0.0.1:2/?key=${secret}`, {timeout: 5_000})};
  },
  'no such name': async (make) => {
    const session = make({headers: {authorization: secret}});
    return {call: session.fetch(`http://nobody.invalid/?key=${secret}`)};
  },
  closed: async (make) => {
    const session = make({headers: {authorization: secret}});
    await session.close();
    return {call: session.fetch(`http://127.0.0.1:2/?key=${secret}`)};
  },
  'not JSON': calling((_request, response) => response.end(`password ${secret}`)),
  'not JSON, with hooks': calling((_request, response) => response.end(`password ${secret}`), {
    hooks: {beforeRequest: [() => {}]},
  }),
  'not JSON, with a parser of its own': calling((_request, response) => response.end(`password ${secret}`), {
    parseJson: (text: string) => JSON.parse(text, (_key, value) => value),
  }),
  'not JSON, with a schema': async (make) => {
    const server = await startServer((_request, response) => response.end(`password ${secret}`));
    const validate = (value: unknown) => ({value});
    const schema = {'~standard': {version: 1 as const, vendor: 'test', validate}};
    return {call: make().get(`${server.origin}/?key=${secret}`).json(schema)};
  },
  'not JSON, of a response that arrives in parts': calling((_request, response) => {
    response.write('password ', () => setImmediate(() => response.end(secret)));
  }),
  'not JSON, of fetch': async (make) => {
    const server = await startServer((_request, response) => response.end(`password ${secret}`));
    const response = await make().fetch(`${server.origin}/?key=${secret}`);
    return {call: response.json()};
  },
  'not JSON, of a clone': async (make) => {
    const server = await startServer((_request, response) => response.end(`password ${secret}`));
    const response = await make().fetch(`${server.origin}/?key=${secret}`);
    const clone = response.clone();
    void response.text();
    return {call: clone.json()};
  },
  'not JSON, shared by two calls': async (make) => {
    const server = await startServer((_request, response) => response.end(`password ${secret}`));
    const session = make({policies: [singleFlightPolicy()]});
    const calls = [1, 2].map(() => session.fetch(`${server.origin}/?key=${secret}`));
    const [first, second] = await Promise.all(calls);
    void first?.text();
    return {call: (second as Response).json()};
  },
  schema: async (make) => {
    const server = await startServer((_request, response) => response.end(`{"password": "${secret}"}`));
    const issues = [{message: `"${secret}" is too short`}];
    const schema = {'~standard': {version: 1 as const, vendor: 'test', validate: () => ({issues})}};
    return {call: make().get(`${server.origin}/?key=${secret}`).json(schema)};
  },
};

const connectors: Record<string, () => Connector> = {undici: undiciConnector, fetch: fetchConnector};

describe.each(Object.keys(connectors))('a call that failed, over %s', (name) => {
  it.each(Object.keys(cases))('no log shows a secret of the call: %s', async (which) => {
    const connector = connectors[name]?.() as Connector;
    const sessions: Session[] = [];
    onTestFinished(async () => {
      for (const session of sessions) await session.destroy();
      await connector.destroy();
    });
    const make = (options: SessionOptions = {}) => {
      const session = createSession({...options, connector});
      sessions.push(session);
      return session;
    };
    const {call} = await (cases[which] as Case)(make);
    const error = await rejection(call);
    expect(error, shown(error)).toBeInstanceOf(AiofetchError);
    expect(shown(error)).not.toContain(secret);
  });
});
