import {describe, expect, it} from 'vitest';
import {mockConnector} from '../../../../src/connectors/mock.ts';
import {createSession, ResponseTooLargeError, singleFlightPolicy} from '../../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../../support/mock-session.ts';

const url = 'https://example.com/';
const text = 'x'.repeat(100);

/** A body that gives its text in pieces, and records whether it was cancelled. */
function createDrip() {
  const state = {isCancelled: false};
  const handler = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: () => {
          state.isCancelled = true;
        },
      }),
    );
  return {state, handler};
}

describe('maxResponseSize', () => {
  it.each([-1, 0.5, Number.NaN, '10' as never])(
    'maxResponseSize is refused when it is %s',
    (maxResponseSize) => {
      const error = thrown(() => createSession({connector: mockConnector(() => ({})), maxResponseSize}));
      expect(error).toMatchObject({name: 'InvalidOptionError', option: 'maxResponseSize'});
    },
  );

  it('a call with a maxResponseSize that is not allowed is refused before it begins', async () => {
    const {session, calls} = mockSession();
    for (const call of [
      session.fetch(url, {maxResponseSize: -1}),
      session.fetch(new Request(url), {maxResponseSize: -1}),
      session.get(url, {maxResponseSize: -1}).text(),
    ]) {
      expect(await rejection(call)).toMatchObject({name: 'InvalidOptionError', option: 'maxResponseSize'});
    }
    expect(calls.length).toBe(0);
    expect(session.stats()).toMatchObject({active: 0, totals: {requests: 0}});
  });

  it('a connector that does not count bytes refuses maxResponseSize', async () => {
    const mock = mockConnector(() => ({}));
    const connector = {...mock, capabilities: {...mock.capabilities, maxResponseSize: false}};
    expect(thrown(() => createSession({connector, maxResponseSize: 1}))).toMatchObject({
      name: 'UnsupportedOptionError',
      option: 'maxResponseSize',
      where: 'the mock connector',
    });
    const session = createSession({connector});
    const error = await rejection(session.fetch(url, {maxResponseSize: 1}));
    expect(error).toMatchObject({name: 'UnsupportedOptionError', option: 'maxResponseSize'});
  });

  it('maxResponseSize ends a body that grows without an end, and cancels its source', async () => {
    const {state, handler} = createDrip();
    const {session} = mockSession(handler, {maxResponseSize: 1_000});
    const error = await rejection(session.get(`${url}?key=secret`).text());
    expect(error).toBeInstanceOf(ResponseTooLargeError);
    expect(error).toMatchObject({
      limit: 1_000,
      code: 'ERR_RESPONSE_TOO_LARGE',
      request: {url: `${url}?key=…`},
    });
    expect(state.isCancelled).toBe(true);
    expect(session.stats()).toMatchObject({active: 0, totals: {errors: 1}});
  });

  it('a child session has its own maxResponseSize or that of its parent', async () => {
    const {session} = mockSession(() => new Response(text), {maxResponseSize: 10});
    const read = (from: typeof session) => from.get(url).text();
    expect(await rejection(read(session.extend({})))).toMatchObject({limit: 10});
    expect(await rejection(read(session.extend({maxResponseSize: 99})))).toMatchObject({limit: 99});
    expect(await read(session.extend({maxResponseSize: Infinity}))).toBe(text);
    expect(await read(session.extend({maxResponseSize: undefined}))).toBe(text);
  });

  it('maxResponseSize applies to a Request and to every verb', async () => {
    const {session} = mockSession(() => new Response(text));
    const options = {maxResponseSize: 99};
    const response = await session.fetch(new Request(url), options);
    expect(await rejection(response.text())).toBeInstanceOf(ResponseTooLargeError);
    for (const verb of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      expect(await rejection(session[verb](url, options).text())).toBeInstanceOf(ResponseTooLargeError);
    }
    expect((await session.head(url, options)).status).toBe(200);
  });

  it('a Content-Length above maxResponseSize is refused at once, unless the body is encoded', async () => {
    const headers = {'content-length': '100'};
    const {session} = mockSession(({url}) => {
      const coding = new URL(url).searchParams.get('coding');
      return new Response('x', {headers: coding ? {...headers, 'content-encoding': coding} : headers});
    });
    const options = {maxResponseSize: 10};
    expect(await rejection(session.fetch(url, options))).toBeInstanceOf(ResponseTooLargeError);
    expect(await (await session.fetch(`${url}?coding=gzip`, options)).text()).toBe('x');
  });

  it('calls with different values of maxResponseSize do not share a response', async () => {
    const {session, calls} = mockSession(() => new Response(text), {policies: [singleFlightPolicy()]});
    const bounded = session.get(url, {maxResponseSize: 99}).text();
    const [error, whole] = await Promise.all([rejection(bounded), session.get(url).text()]);
    expect(error).toBeInstanceOf(ResponseTooLargeError);
    expect(whole).toBe(text);
    expect(calls.length).toBe(2);
  });

  it('policies and connectors find maxResponseSize in the request', async () => {
    const seen: unknown[] = [];
    const {session} = mockSession(() => ({}), {
      maxResponseSize: 5_000,
      policies: [
        (next) => (request) => {
          seen.push(
            request.transfer?.maxResponseSize,
            request.with({method: 'PUT'}).transfer?.maxResponseSize,
          );
          return next(request);
        },
      ],
    });
    await session.fetch(url);
    await session.fetch(url, {maxResponseSize: Infinity});
    expect(seen).toEqual([5_000, 5_000, undefined, undefined]);
  });
});
