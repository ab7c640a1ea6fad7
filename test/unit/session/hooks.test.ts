import ky from 'ky';
import {describe, expect, it} from 'vitest';
import type {Hooks} from '../../../src/index.ts';
import {ConnectionError, HTTPError, SessionClosedError} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/';

describe('init hooks', () => {
  it('an init hook changes the options before the request is made', async () => {
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

  it('an init hook that throws rejects the call, and nothing stays behind', async () => {
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

describe('beforeRequest hooks', () => {
  it('a beforeRequest hook sees headers and body as they will be sent', async () => {
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

  it('a beforeRequest hook can change headers', async () => {
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

  it('a beforeRequest hook can return another Request, with another URL, headers and body', async () => {
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

  it('a beforeRequest hook can add a body, and remove one', async () => {
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

  it('a beforeRequest hook can return a Response, and nothing is sent', async () => {
    const {session, calls} = mockSession(() => ({}), {
      hooks: {beforeRequest: [() => Response.json({cached: true})]},
    });
    expect(await session.get(url).json()).toEqual({cached: true});
    expect(calls).toHaveLength(0);
    expect(session.stats().totals.errors).toBe(0);
    await session.close();
  });

  it('a call rejects for a Response of a beforeRequest hook whose status is an error', async () => {
    const {session} = mockSession(() => ({}), {
      hooks: {beforeRequest: [() => Response.json({reason: 'mine'}, {status: 503})]},
    });
    expect(await rejection(session.get(url).json())).toMatchObject({status: 503, data: {reason: 'mine'}});
    await session.close();
  });

  it.each([
    ['an error', new Error('mine')],
    ['what is no error', 'mine'],
  ])(
    'a beforeRequest hook that throws %s rejects the call with it, and nothing stays behind',
    async (_, error) => {
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
    },
  );

  it('a beforeRequest hook leaves a body that can be sent again', async () => {
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

  it('a beforeRequest hook that reads the body itself makes the call reject, and nothing stays behind', async () => {
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
        'The body is locked or has been read',
      );
      expect(calls).toHaveLength(0);
      expect(session.stats().totals).toMatchObject({requests: 1, errors: 1});
      await session.close();
    }
  });

  it('a beforeRequest hook sees a stream, which is still sent', async () => {
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

  it('an aborted or timed out call does not wait for its beforeRequest hook', async () => {
    const controller = new AbortController();
    const {session} = mockSession(() => ({}), {hooks: {beforeRequest: [() => new Promise(() => {})]}});
    const call = session.get(url, {signal: controller.signal}).json();
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    expect(await rejection(session.get(url, {timeout: 2}))).toMatchObject({phase: 'total'});
    await session.close();
  });

  it('a beforeRequest hook gets a signal that is aborted with the session or a timeout too', async () => {
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

  it('a beforeRequest hook is notified of an abort, and its result is then ignored', async () => {
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

describe('afterResponse hooks', () => {
  it('an afterResponse hook sees request and response, and can read the response', async () => {
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

  it('an afterResponse hook does not have to read the response', async () => {
    const {session} = mockSession(() => ({a: 1}), {hooks: {afterResponse: [() => {}, () => {}]}}, {limit: 1});
    for (let count = 0; count < 5; count++) expect(await session.get(url).json()).toEqual({a: 1});
    await session.close();
  });

  it('an afterResponse hook can replace the response before its status is checked', async () => {
    const {session} = mockSession(() => new Response('no', {status: 500}), {
      hooks: {afterResponse: [({response}) => (response.status === 500 ? Response.json('yes') : undefined)]},
    });
    expect(await session.get(url).json()).toBe('yes');
    const {session: other} = mockSession(() => 'yes', {
      hooks: {afterResponse: [() => Response.json('no', {status: 500})]},
    });
    expect(await rejection(other.get(url).json())).toMatchObject({status: 500, data: 'no'});
  });

  it('an afterResponse hook sees a status that is an error, and then the call rejects', async () => {
    const seen: number[] = [];
    const {session} = mockSession(() => new Response('no', {status: 404}), {
      hooks: {afterResponse: [({response}) => void seen.push(response.status)]},
    });
    expect(await rejection(session.get(url))).toMatchObject({status: 404, data: 'no'});
    expect(seen).toEqual([404]);
    await session.close();
  });

  it('an afterResponse hook that throws rejects the call with its error, and the slot is free', async () => {
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

  it('an afterResponse hook can not make ky send the request again', async () => {
    const {session} = mockSession(() => ({}), {hooks: {afterResponse: [() => ky.retry()]}});
    const error = await rejection(session.get(url));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/ky\.retry\(\) does not work/);
  });
});

describe('beforeError hooks', () => {
  /** The errors that the hook gets. */
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

  it('a beforeError hook sees an HTTPError of this package, with its data', async () => {
    const {session, seen} = watching(() => Response.json({reason: 'x'}, {status: 422}));
    const error = await rejection(session.get(url).json());
    expect(seen).toEqual([error]);
    expect(error).toBeInstanceOf(HTTPError);
    expect(error).toMatchObject({status: 422, data: {reason: 'x'}});
  });

  it.each<[string, unknown, abstract new (...args: never[]) => unknown]>([
    ['a failure of the network', new TypeError('fetch failed'), ConnectionError],
    ['any other error', new Error('mine'), Error],
  ])('a beforeError hook sees %s', async (_, thrown, type) => {
    const {session, seen} = watching(() => Promise.reject(thrown));
    const error = await rejection(session.get(url));
    expect(seen).toEqual([error]);
    expect(error).toBeInstanceOf(type);
    expect(error).not.toHaveProperty('options');
  });

  it('a beforeError hook sees the error of another hook', async () => {
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

  it('a beforeError hook can replace the error', async () => {
    const {session} = mockSession(() => new Response('no', {status: 500}), {
      hooks: {beforeError: [({error}) => new Error('mine', {cause: error})]},
    });
    const error = await rejection(session.get(url));
    expect(error.message).toBe('mine');
    expect(error.cause).toBeInstanceOf(HTTPError);
  });
});

describe('the order and scope of hooks', () => {
  it('hooks of a session run before those of a call, and those of a parent before those of a child', async () => {
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

  it('hooks of a call run for that call only', async () => {
    let count = 0;
    const {session} = mockSession(() => ({}), {hooks: {beforeRequest: []}});
    await session.get(url, {hooks: {beforeRequest: [() => void count++]}});
    await session.get(url);
    expect(count).toBe(1);
  });

  it('hooks share the context, in which a call replaces the values of its session', async () => {
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

  it('session.fetch runs no hooks, as in the standard', async () => {
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

describe('errors of ky', () => {
  it.each([
    ['with hooks', {beforeRequest: [() => {}]}],
    ['without', undefined],
  ])('a raw network error that a policy throws becomes an error of this package, %s', async (_, hooks) => {
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

  it('the error of a status that an init hook makes ky check becomes an error of this package', async () => {
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

describe('a call whose hook still runs', () => {
  it('close() waits for a call whose hook still runs', async () => {
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

  it('destroy() ends a call whose hook still runs', async () => {
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
