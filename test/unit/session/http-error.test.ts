import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {type Hooks, HTTPError} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/users?token=s3cret';

/** The error of a verb when the handler answers like this. */
async function errorOf(response: () => Response, hooks?: Hooks): Promise<HTTPError> {
  const {session} = mockSession(response, hooks && {hooks});
  const error = await rejection(session.get(url).json());
  expect(error).toBeInstanceOf(HTTPError);
  await session.close();
  return error as HTTPError;
}

const json = {headers: {'content-type': 'application/json'}, status: 500};

describe('an HTTPError', () => {
  it('an HTTPError has status, headers, data and the response', async () => {
    const error = await errorOf(
      () => new Response('{"reason":"x"}', {...json, status: 422, statusText: 'Unprocessable Content'}),
    );
    expect(error).toMatchObject({
      name: 'HTTPError',
      code: 'ERR_HTTP_STATUS',
      phase: undefined,
      attempts: 1,
      status: 422,
      request: {method: 'GET', url: 'https://api.test/users?token=…'},
      message: 'Status 422 Unprocessable Content (GET https://api.test/users?token=…)',
    });
    expect(error.data).toEqual({reason: 'x'});
    expect(error.headers.get('content-type')).toBe('application/json');
    expect(error.response).toBeInstanceOf(Response);
    expect(error.response).toMatchObject({status: 422, bodyUsed: true});
  });

  it('an HTTPError shows no secrets', async () => {
    const error = await errorOf(() => new Response('x', json));
    expect(Object.keys(error).sort()).toEqual(['attempts', 'code', 'phase', 'request', 'status']);
  });

  it.each<[string, Hooks]>([
    ['without hooks', {}],
    ['with a beforeError hook', {beforeError: [({error}) => error]}],
  ])('an HTTPError has the number of attempts, %s', async (_, hooks) => {
    const {session} = mockSession(() => new Response(null, {status: 500}), {
      policies: [(next) => (request) => next(request).then(() => next(request))],
      hooks,
    });
    expect(await rejection(session.get(url))).toMatchObject({status: 500, attempts: 2});
  });

  it('the message of an HTTPError has no status text if the response has none', async () => {
    expect((await errorOf(() => new Response(null, {status: 500}))).message).toMatch(/^Status 500 \(GET/);
  });
});

describe.each<[string, Hooks | undefined]>([
  ['without hooks', undefined],
  ['with hooks', {beforeRequest: [() => {}], afterResponse: [() => {}]}],
])('the data of an HTTPError, %s', (_, hooks) => {
  it.each<[string, BodyInit | null, string | undefined, unknown]>([
    ['JSON', '{"a":1}', 'application/json', {a: 1}],
    ['JSON with parameters', '{"a":1}', 'Application/JSON; charset=utf-8', {a: 1}],
    ['problem details (RFC 9457)', '{"title":"x"}', 'application/problem+json', {title: 'x'}],
    ['JSON of a vendor', '[1]', 'application/vnd.api+json', [1]],
    ['JSON null', 'null', 'application/json', null],
    ['text', 'no', 'text/plain', 'no'],
    ['HTML', '<h1>no</h1>', 'text/html', '<h1>no</h1>'],
    ['text that looks like JSON', '{"a":1}', 'text/plain', '{"a":1}'],
    ['what has no type', new Uint8Array([110, 111]), undefined, 'no'],
    ['broken JSON', '{"a":', 'application/json', '{"a":'],
    ['nothing', '', 'application/json', undefined],
    ['no body', null, undefined, undefined],
  ])('the data of an error response with %s is read', async (_name, body, type, data) => {
    const error = await errorOf(
      () => new Response(body, {status: 500, ...(type && {headers: {'content-type': type}})}),
      hooks,
    );
    expect(error.data).toEqual(data);
  });

  it('the data of a body that breaks off is undefined, because the error must show the status', async () => {
    const error = await errorOf(() => {
      let pulls = 0;
      const body = new ReadableStream({
        pull(controller) {
          if (pulls++ === 0) controller.enqueue(new TextEncoder().encode('{"a":'));
          else controller.error(new TypeError('terminated'));
        },
      });
      return new Response(body, json);
    }, hooks);
    expect(error).toMatchObject({status: 500, data: undefined});
  });

  it('the data of a body without an end is undefined after a while, and the slot is free', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const {session} = mockSession(() => new Response(new ReadableStream(), json), {
      timeout: {read: 0},
      ...(hooks && {hooks}),
    });
    const call = rejection(session.get(url));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await call).toMatchObject({status: 500, data: undefined});
    expect(session.stats().active).toBe(0);
  });

  it('the data of a body that is far too large is undefined', async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(97);
    const error = await errorOf(
      () => new Response(new ReadableStream({pull: (controller) => controller.enqueue(chunk.slice())}), json),
      hooks,
    );
    expect(error.data).toBeUndefined();
  });

  it('the data is parsed by parseJson if that is set', async () => {
    const {session} = mockSession(() => new Response('{"a":1}', json), {
      parseJson: (text) => ({parsed: JSON.parse(text)}),
      ...(hooks && {hooks}),
    });
    expect(await rejection(session.get(url))).toMatchObject({data: {parsed: {a: 1}}});
  });

  it('an aborted call does not wait for the data', async () => {
    const controller = new AbortController();
    const {session} = mockSession(() => new Response(new ReadableStream(), json), hooks && {hooks});
    const call = session.get(url, {signal: controller.signal});
    await vi.waitFor(() => expect(session.stats().active).toBe(1));
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
  });
});
