import {describe, expect, it} from 'vitest';
import type {
  CallOptions,
  ResponsePromise,
  Session,
  SessionOptions,
  StandardSchema,
} from '../../../src/index.ts';
import {AiofetchError, HTTPError, iterChunks} from '../../../src/index.ts';
import {mockSession} from '../../support/mock-session.ts';

const url = 'https://api.test/';

const anything: StandardSchema = {
  '~standard': {version: 1, vendor: 'test', validate: (value) => ({value: [value]})},
};
const nothing: StandardSchema = {
  '~standard': {version: 1, vendor: 'test', validate: async () => ({issues: [{message: 'secret'}]})},
};

interface Call {
  readonly method?: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head';
  readonly input?: string | URL | (() => Request);
  readonly options?: CallOptions;
  readonly session?: SessionOptions;
  readonly response?: () => Response;
  readonly read?: (promise: ResponsePromise) => unknown;
}

const calls: Record<string, Call> = {
  'a GET': {},
  'a HEAD': {method: 'head'},
  'a DELETE of a URL with a fragment': {method: 'delete', input: `${url}a?b=c#d`},
  'of a URL': {input: new URL('x?y=%20', url)},
  'of a Request': {
    method: 'put',
    input: () => new Request(url, {method: 'PUT', body: 'x', headers: {'x-a': '1'}}),
  },
  'of a Request, with options over it': {
    method: 'post',
    input: () => new Request(url, {headers: {'x-a': '1', 'x-b': '2'}, redirect: 'manual'}),
    options: {headers: {'x-b': '3'}, json: {a: 1}},
  },
  'with JSON': {method: 'post', options: {json: {a: [1, 'é']}}},
  'with JSON that is undefined': {method: 'post', options: {json: undefined}},
  'with JSON of another type': {
    method: 'patch',
    options: {json: 1, headers: {'content-type': 'application/x+json'}},
  },
  'with JSON made otherwise': {method: 'post', options: {json: 1, stringifyJson: (value) => `[${value}]`}},
  'with a string': {method: 'post', options: {body: 'é'}},
  'with bytes': {method: 'put', options: {body: new Uint8Array([1, 2])}},
  'with pairs': {method: 'post', options: {body: new URLSearchParams({a: 'b c'})}},
  'with a Blob': {method: 'post', options: {body: new Blob(['x'], {type: 'image/png'})}},
  'with a body made by a function': {method: 'post', options: {body: () => 'made'}},
  'with a body in a GET': {options: {body: 'x'}},
  'with JSON in a GET': {options: {json: {}}},
  'with a circle in JSON': {method: 'post', options: {json: circle()}},
  'with headers': {
    options: {headers: {accept: 'x/y', 'X-A': 'b'}},
    session: {headers: {'x-a': 'a', 'x-c': 'c'}},
  },
  'with a status that is no success': {response: () => Response.json({error: 'no'}, {status: 422})},
  'with a status and text': {
    response: () => new Response('no', {status: 500, headers: {'content-type': 'text/plain'}}),
  },
  'with a status that is let through': {
    options: {throwHttpErrors: false},
    response: () => new Response('', {status: 404}),
  },
  'with a status that a function lets through': {
    session: {throwHttpErrors: (status) => status !== 404},
    response: () => new Response('', {status: 404}),
  },
  'with a redirect that is not followed': {
    options: {redirect: 'manual'},
    response: () => new Response(null, {status: 302, headers: {location: '/'}}),
  },
  'with a redirect nobody wants': {
    options: {redirect: 'error'},
    response: () => new Response(null, {status: 302, headers: {location: '/'}}),
  },
  'with a redirect option that is none': {options: {redirect: 'never' as 'error'}},
  'with native members': {options: {credentials: 'include', cache: 'no-store'}},
  'with an aborted signal': {options: {signal: AbortSignal.abort(new Error('enough'))}},
  'with an unknown option': {options: {retries: 3} as CallOptions},
  'that fails': {
    response: () => {
      throw new TypeError('fetch failed');
    },
  },
  '.json()': {read: (promise) => promise.json()},
  '.json() of nothing': {read: (promise) => promise.json(), response: () => new Response('')},
  '.json() of a status': {read: (promise) => promise.json(), response: () => new Response('', {status: 400})},
  '.json() with a byte order mark': {
    read: (promise) => promise.json(),
    response: () => new Response('\uFEFF{"a":1}'),
  },
  '.json(schema)': {read: (promise) => promise.json(anything as never)},
  '.json(schema) of nothing': {
    read: (promise) => promise.json(anything as never),
    response: () => new Response(''),
  },
  '.json(schema) that refuses': {read: (promise) => promise.json(nothing as never)},
  '.json(what is no schema)': {read: (promise) => promise.json({} as never)},
  '.text()': {read: (promise) => promise.text()},
  '.bytes()': {read: (promise) => promise.bytes()},
  '.arrayBuffer()': {read: (promise) => promise.arrayBuffer()},
  '.blob()': {read: async (promise) => (await promise.blob()).text()},
  '.formData()': {
    read: async (promise) => [...(await promise.formData())],
    response: () => new Response(new URLSearchParams('a=b')),
  },
  '.text() twice': {read: (promise) => Promise.all([promise.text(), promise.text()])},
  'read in chunks': {
    async read(promise) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of iterChunks(promise, 3)) chunks.push(chunk);
      return chunks;
    },
  },
};

function circle(): unknown {
  const value: {self?: unknown} = {};
  value.self = value;
  return value;
}

/** Everything of a call that its caller and the server can see. */
async function observe(call: Call, through: SessionOptions): Promise<unknown> {
  const {method = 'get', input = url, options, response = () => Response.json({a: 'é'}), read} = call;
  const {session, calls: seen} = mockSession(() => response(), {...call.session, ...through});
  const outcome = await settle(session, method, typeof input === 'function' ? input() : input, options, read);
  const sent = await Promise.all(
    seen.map(async (request) => [request.method, request.url, [...request.headers], await request.text()]),
  );
  await session.close();
  const {requests, attempts, errors} = session.stats().totals;
  return {outcome, sent, requests, attempts, errors};
}

async function settle(
  session: Session,
  method: NonNullable<Call['method']>,
  input: string | URL | Request,
  options: CallOptions | undefined,
  read: Call['read'],
): Promise<unknown> {
  try {
    const promise = session[method](input, options);
    if (read) return await read(promise);
    const {status, headers} = await promise;
    return [status, [...headers], await promise.text()];
  } catch (error) {
    const {name, message, cause} = error as Error;
    const more = error instanceof AiofetchError && [
      error.code,
      error.phase,
      error.attempts,
      error.request,
      cause,
    ];
    return {name, message, more, data: error instanceof HTTPError && error.data};
  }
}

describe('a call without hooks does not go through ky, and makes the same request as ky', () => {
  it.each(Object.entries(calls))('%s', async (_, call) => {
    const past = await observe(call, {});
    expect(await observe(call, {hooks: {beforeRequest: []}})).toEqual(past);
    expect(await observe(call, {searchParams: {}})).toEqual(past);
  });
});
