import ky from 'ky';
import {describe, expect, it} from 'vitest';
import type {Hooks} from '../../../src/index.ts';
import {ConnectionError, HTTPError, SessionClosedError} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/';

describe('init', () => {
  it('changes the options before the request is made of them', async () => {
    const {session, calls} = mockSession(() => ({}), {
      headers: {x: 'session'},
      hooks: {
        init: [
          (options) => {
            options.searchParams = {key: 'k'};
            options.headers = {...(options.headers as Record<string, string>), y: 'hook'};
            options.json = {...(options.json as object), b: 2};
          },
        ],
      },
    });
    await session.post(url, {json: {a: 1}, headers: {z: 'call'}});
    const [call] = calls;
    expect(call?.url).toBe(`${url}?key=k`);
    expect(call?.headers.get('x')).toBe('session');
    expect(call?.headers.get('y')).toBe('hook');
    expect(call?.headers.get('z')).toBe('call');
    expect(await call?.json()).toEqual({a: 1, b: 2});
  });

  it('that throws makes the call’s promise reject, and nothing stays behind', async () => {
    const {session} = mockSession(() => ({}), {
      hooks: {
        init: [
          () => {
            throw new Error('mine');
          },
        ],
      },
    });
    await expect(session.get(url).json()).rejects.toThrow('mine');
    await session.close();
  });
});

describe('beforeRequest', () => {
  it('sees headers and body as they will be sent', async () => {
    const seen: unknown[] = [];
    const {session} = mockSession(() => ({}), {
      headers: {x: 'session'},
      hooks: {
        beforeRequest: [
          async ({request}) => {
            seen.push(
              request.url,
              request.method,
              Object.fromEntries(request.headers),
              await request.clone().json(),
            );
          },
        ],
      },
    });
    await session.post(url, {json: {a: 1}, headers: {y: 'call'}, searchParams: {b: 2}}).json();
    expect(seen).toEqual([
      `${url}?b=2`,
      'POST',
      {x: 'session', y: 'call', accept: 'application/json', 'content-type': 'application/json'},
      {a: 1},
    ]);
  });

  it('changes headers', async () => {
    const {session, calls} = mockSession(() => ({}), {
      headers: {x: '1', gone: '1'},
      hooks: {
        beforeRequest: [
          ({request}) => {
            request.headers.set('x', '2');
            request.headers.delete('gone');
          },
        ],
      },
    });
    await session.get(url);
    expect(calls[0]?.headers.get('x')).toBe('2');
    expect(calls[0]?.headers.has('gone')).toBe(false);
  });

  it('puts another Request in its place: URL, headers and body', async () => {
    const {session, calls} = mockSession(() => ({}), {
      hooks: {
        beforeRequest: [
          async ({request}) =>
            new Request(`${request.url}moved#top`, {
              method: 'PUT',
              headers: {...Object.fromEntries(request.headers), x: '2'},
              body: `${await request.text()}!`,
            }),
        ],
      },
    });
    await session.post(url, {body: 'hello', headers: {x: '1'}});
    const [call] = calls;
    expect(call).toMatchObject({url: `${url}moved`, method: 'PUT'});
    expect(call?.headers.get('x')).toBe('2');
    expect(await call?.text()).toBe('hello!');
  });

  it('puts a body where there was none, and none where there was one', async () => {
    const {session, calls} = mockSession(() => ({}), {
      hooks: {
        beforeRequest: [
          ({request}) => new Request(request.url, {method: 'POST', body: request.body ? null : 'new'}),
        ],
      },
    });
    await session.post(url);
    await session.post(url, {body: 'old'});
    expect(await Promise.all(calls.map((call) => call.text()))).toEqual(['new', '']);
  });

  it('answers with a Response, and nothing is sent', async () => {
    const {session, calls} = mockSession(() => ({}), {
      hooks: {beforeRequest: [() => Response.json({cached: true})]},
    });
    expect(await session.get(url).json()).toEqual({cached: true});
    expect(calls).toHaveLength(0);
    expect(session.stats().totals.errors).toBe(0);
    await session.close();
  });

  it('answers with a status that is an error', async () => {
    const {session} = mockSession(() => ({}), {
      hooks: {beforeRequest: [() => Response.json({reason: 'mine'}, {status: 503})]},
    });
    expect(await rejection(session.get(url).json())).toMatchObject({status: 503, data: {reason: 'mine'}});
    await session.close();
  });

  it.each([
    ['an error', new Error('mine')],
    ['what is no error', 'mine'],
  ])('that throws %s makes the call reject with it, and nothing stays behind', async (_, error) => {
    const {session, calls} = mockSession(() => ({}), {
      hooks: {
        beforeRequest: [
          () => {
            throw error;
          },
        ],
      },
    });
    await expect(session.get(url)).rejects.toBe(error);
    expect(calls).toHaveLength(0);
    expect(session.stats().totals).toMatchObject({requests: 1, errors: 1});
    await session.close();
  });

  it('leaves a body one that can be sent again', async () => {
    const {session, calls} = mockSession(
      ({url}) => (url.endsWith('/end') ? {} : new Response(null, {status: 307, headers: {location: '/end'}})),
      {hooks: {beforeRequest: [({request}) => void request.headers.set('x', '1')]}},
    );
    await session.post(url, {json: {a: 1}});
    await session.post(url, {body: () => 'made anew'});
    const form = new FormData();
    form.set('a', '1');
    await session.post(url, {body: form});
    const texts = await Promise.all(calls.map((call) => call.text()));
    expect(texts[1]).toBe('{"a":1}');
    expect(texts[3]).toBe('made anew');
    expect(texts[5]).toBe(texts[4]);
    const boundary = calls[5]?.headers.get('content-type')?.split('boundary=')[1];
    expect(texts[5]).toContain(`--${boundary}\r\n`);
  });

  it('that reads a body itself leaves none to send, and nothing stays behind', async () => {
    for (const read of [
      (request: Request) => request.text(),
      (request: Request) => void request.body?.getReader(),
      async (request: Request) => {
        const reader = request.body?.getReader();
        await reader?.read();
        reader?.releaseLock();
      },
    ]) {
      const {session, calls} = mockSession(() => ({}), {
        hooks: {
          beforeRequest: [
            async ({request}) => {
              await read(request);
            },
          ],
        },
      });
      await expect(session.post(new Request(url, {method: 'POST', body: 'a'}))).rejects.toThrow(
        'The body of this Request has already been read',
      );
      expect(calls).toHaveLength(0);
      expect(session.stats().totals).toMatchObject({requests: 1, errors: 1});
      await session.close();
    }
  });

  it('sees a stream, which is still sent', async () => {
    let seen = '';
    const {session, calls} = mockSession(() => ({}), {
      hooks: {
        beforeRequest: [
          async ({request}) => {
            seen = await request.clone().text();
          },
        ],
      },
    });
    await session.post(url, {
      body: (async function* () {
        yield 'a';
        yield 'b';
      })(),
    });
    expect(seen).toBe('ab');
    expect(await calls[0]?.text()).toBe('ab');
  });

  it('is not waited for once the call is aborted or timed out', async () => {
    const controller = new AbortController();
    const {session} = mockSession(() => ({}), {hooks: {beforeRequest: [() => new Promise(() => {})]}});
    const call = session.get(url, {signal: controller.signal}).json();
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    expect(await rejection(session.get(url, {timeout: 2}))).toMatchObject({phase: 'total'});
    await session.close();
  });

  it('is told of the call’s end by other hands than its caller’s, too', async () => {
    const {signal} = new AbortController();
    let told: unknown;
    const {session} = mockSession(() => ({}), {
      hooks: {
        beforeRequest: [
          ({request}) => {
            request.signal.addEventListener('abort', () => {
              told = request.signal.reason;
            });
            return new Promise(() => {});
          },
        ],
      },
    });
    const error = await rejection(session.get(url, {signal, timeout: 2}));
    expect(error).toMatchObject({phase: 'total'});
    expect(told).toBe(error);
  });

  it('is told of an abort, and what it does then counts no more', async () => {
    const controller = new AbortController();
    const {session, calls} = mockSession(() => ({}), {
      hooks: {
        beforeRequest: [
          ({request}) =>
            new Promise((resolve) => {
              request.signal.addEventListener('abort', () => resolve());
              controller.abort('stop');
            }),
        ],
      },
    });
    await expect(session.get(url, {signal: controller.signal})).rejects.toBe('stop');
    expect(calls).toHaveLength(0);
    await session.close();
  });
});

describe('afterResponse', () => {
  it('sees request and response, and may read it', async () => {
    const seen: unknown[] = [];
    const {session} = mockSession(() => ({a: 1}), {
      headers: {x: '1'},
      hooks: {
        afterResponse: [
          async ({request, response}) => {
            seen.push(request.headers.get('x'), response.status, await response.json());
          },
        ],
      },
    });
    expect(await session.get(url).json()).toEqual({a: 1});
    expect(seen).toEqual(['1', 200, {a: 1}]);
    await expect.poll(() => session.stats().active).toBe(0);
  });

  it('need not read it', async () => {
    const {session} = mockSession(() => ({a: 1}), {hooks: {afterResponse: [() => {}, () => {}]}}, {limit: 1});
    for (let count = 0; count < 5; count++) expect(await session.get(url).json()).toEqual({a: 1});
    await session.close();
  });

  it('changes the response before its status is looked at', async () => {
    const {session} = mockSession(() => new Response('no', {status: 500}), {
      hooks: {afterResponse: [({response}) => (response.status === 500 ? Response.json('yes') : undefined)]},
    });
    expect(await session.get(url).json()).toBe('yes');
    const {session: other} = mockSession(() => 'yes', {
      hooks: {afterResponse: [() => Response.json('no', {status: 500})]},
    });
    expect(await rejection(other.get(url).json())).toMatchObject({status: 500, data: 'no'});
  });

  it('sees a status that is an error, which then rejects', async () => {
    const seen: number[] = [];
    const {session} = mockSession(() => new Response('no', {status: 404}), {
      hooks: {afterResponse: [({response}) => void seen.push(response.status)]},
    });
    expect(await rejection(session.get(url))).toMatchObject({status: 404, data: 'no'});
    expect(seen).toEqual([404]);
    await session.close();
  });

  it('that throws makes the call reject with that, and the slot is free', async () => {
    const {session} = mockSession(() => new Response(new ReadableStream()), {
      hooks: {
        afterResponse: [
          () => {
            throw new Error('mine');
          },
        ],
      },
    });
    await expect(session.get(url)).rejects.toThrow('mine');
    await expect.poll(() => session.stats().active).toBe(0);
  });

  it('can’t have ky send again', async () => {
    const {session} = mockSession(() => ({}), {hooks: {afterResponse: [() => ky.retry()]}});
    const error = await rejection(session.get(url));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/ky\.retry\(\) does not work here/);
  });
});

describe('beforeError', () => {
  /** The errors that the hook is given. */
  function watching(handler: () => unknown, hooks: Hooks = {}) {
    const seen: unknown[] = [];
    const made = mockSession(handler, {
      hooks: {
        ...hooks,
        beforeError: [
          ({error}) => {
            seen.push(error);
            return error;
          },
        ],
      },
    });
    return {...made, seen};
  }

  it('sees an HTTPError of ours, with its data', async () => {
    const {session, seen} = watching(() => Response.json({reason: 'x'}, {status: 422}));
    const error = await rejection(session.get(url).json());
    expect(seen).toEqual([error]);
    expect(error).toBeInstanceOf(HTTPError);
    expect(error).toMatchObject({status: 422, data: {reason: 'x'}});
  });

  it.each<[string, unknown, abstract new (...args: never[]) => unknown]>([
    ['a failure of the network', new TypeError('fetch failed'), ConnectionError],
    ['any other error', new Error('mine'), Error],
  ])('sees %s', async (_, thrown, type) => {
    const {session, seen} = watching(() => Promise.reject(thrown));
    const error = await rejection(session.get(url));
    expect(seen).toEqual([error]);
    expect(error).toBeInstanceOf(type);
    expect(error).not.toHaveProperty('options');
  });

  it('sees what another hook threw', async () => {
    const thrown = new Error('mine');
    const {session, seen} = watching(() => ({}), {
      beforeRequest: [
        () => {
          throw thrown;
        },
      ],
    });
    await expect(session.get(url)).rejects.toBe(thrown);
    expect(seen).toEqual([thrown]);
  });

  it('changes the error', async () => {
    const {session} = mockSession(() => new Response('no', {status: 500}), {
      hooks: {beforeError: [({error}) => new Error('mine', {cause: error})]},
    });
    const error = await rejection(session.get(url));
    expect(error.message).toBe('mine');
    expect(error.cause).toBeInstanceOf(HTTPError);
  });
});

describe('hooks', () => {
  it('of the session come before a call’s, those of a parent before a child’s', async () => {
    const order: string[] = [];
    const named = (name: string): Hooks => ({
      init: [() => void order.push(`${name} init`)],
      beforeRequest: [() => void order.push(`${name} before`)],
      afterResponse: [() => void order.push(`${name} after`)],
      beforeError: [
        ({error}) => {
          order.push(`${name} error`);
          return error;
        },
      ],
    });
    const {session} = mockSession(() => new Response(null, {status: 500}), {hooks: named('session')});
    await rejection(session.extend({hooks: named('child')}).get(url, {hooks: named('call')}));
    expect(order).toEqual(
      ['init', 'before', 'after', 'error'].flatMap((when) => [
        `session ${when}`,
        `child ${when}`,
        `call ${when}`,
      ]),
    );
  });

  it('of a call are its own', async () => {
    let count = 0;
    const {session} = mockSession(() => ({}), {hooks: {beforeRequest: []}});
    await session.get(url, {hooks: {beforeRequest: [() => void count++]}});
    await session.get(url);
    expect(count).toBe(1);
  });

  it('share what is in context, the call’s over the session’s', async () => {
    const seen: unknown[] = [];
    const {session} = mockSession(() => ({}), {
      context: {a: 'session', b: 'session'},
      hooks: {beforeRequest: [({options}) => void seen.push(options.context)]},
    });
    await session.get(url);
    await session.get(url, {context: {b: 'call'}});
    await session.extend({context: {c: 'child'}}).get(url);
    expect(seen).toEqual([
      {a: 'session', b: 'session'},
      {a: 'session', b: 'call'},
      {a: 'session', b: 'session', c: 'child'},
    ]);
  });

  it('are not asked by fetch, which is the standard’s', async () => {
    const {session} = mockSession(() => ({}), {
      hooks: {
        beforeRequest: [
          () => {
            throw new Error('asked');
          },
        ],
      },
    });
    await session.fetch(url);
  });
});

describe('ky’s own errors never get out', () => {
  it.each([
    ['with hooks', {beforeRequest: [() => {}]}],
    ['without', undefined],
  ])('of a raw network error that a policy throws, %s', async (_, hooks) => {
    const raw = new TypeError('fetch failed');
    const {session} = mockSession(() => ({}), {
      ...(hooks && {hooks}),
      policies: [() => () => Promise.reject(raw)],
      headers: {authorization: 's3cret'},
    });
    for (const failed of [session.get(url), session.get(url).json(), session.fetch(url)]) {
      const error = await rejection(failed);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({cause: raw, attempts: 1});
    }
  });

  it('of a status that an init hook has ky look at', async () => {
    const {session} = mockSession(() => new Response('no', {status: 500}), {
      throwHttpErrors: false,
      hooks: {
        init: [
          (options) => {
            options.throwHttpErrors = true;
          },
        ],
      },
    });
    const error = await rejection(session.get(url));
    expect(error).toBeInstanceOf(HTTPError);
    expect(error).toMatchObject({status: 500, data: 'no'});
  });
});

describe('a call whose hook still waits is one under way', () => {
  it('close() waits for it', async () => {
    let goOn = () => {};
    const {session, calls} = mockSession(() => 'done', {
      hooks: {
        beforeRequest: [
          () =>
            new Promise((resolve) => {
              goOn = resolve;
            }),
        ],
      },
    });
    const call = session.get(url).json();
    let closed = false;
    const closing = session.close().then(() => {
      closed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(false);
    goOn();
    expect(await call).toBe('done');
    await closing;
    expect(calls).toHaveLength(1);
  });

  it('destroy() ends it', async () => {
    let goOn = () => {};
    const {session, calls} = mockSession(() => 'done', {
      hooks: {
        beforeRequest: [
          () =>
            new Promise((resolve) => {
              goOn = resolve;
            }),
        ],
      },
    });
    const call = session.get(url).json();
    await new Promise((resolve) => setImmediate(resolve));
    await session.destroy();
    goOn();
    await expect(call).rejects.toBeInstanceOf(SessionClosedError);
    expect(calls).toHaveLength(0);
  });
});
