import {Readable} from 'node:stream';
import {describe, expect, it, vi} from 'vitest';
import {Lifetime} from '../../../../src/core/call-lifetime.ts';
import {FlatHeaderList} from '../../../../src/core/flat-header-list.ts';
import {ConnectorRequest, lifetimeOf} from '../../../../src/core/request.ts';
import type {Connector, ConnectorDefinition, ConnectorOptions} from '../../../../src/index.ts';
import {
  adaptiveLimit,
  ConnectionError,
  createConnector,
  InvalidOptionError,
  SessionClosedError,
  TimeoutError,
  UnsupportedOptionError,
} from '../../../../src/index.ts';
import {rejection} from '../../../support/mock-session.ts';
import {noHosts} from '../../../support/no-hosts.ts';
import {recordedLimit} from '../../../support/recorded-limit.ts';

const capabilities = {sockets: false, connectTimeout: false, requestStreams: true, manualRedirect: false};

function connectorOf(
  send: ConnectorDefinition['send'],
  options: ConnectorOptions = {},
  more: Partial<ConnectorDefinition> = {},
): Connector {
  return createConnector({name: 'test', capabilities, send, ...more}, options);
}

function request(url = 'https://api.test/'): ConnectorRequest & {lifetime: Lifetime} {
  const lifetime = new Lifetime();
  const made = new ConnectorRequest({
    url,
    method: 'GET',
    headers: new FlatHeaderList(),
    body: null,
    lifetime,
  });
  return Object.assign(made, {lifetime});
}

const hanging = () => new Promise<Response>(() => {});

describe('a connector that createConnector makes of a function', () => {
  it('the function gets request, signal and progress', async () => {
    const send = vi.fn(
      async (_request: ConnectorRequest, _signal: AbortSignal, _progress: object) => new Response('x'),
    );
    const connector = connectorOf(send);
    const sent = request();
    expect(await (await connector.fetch(sent)).text()).toBe('x');
    expect(send).toHaveBeenCalledExactlyOnceWith(sent, expect.any(AbortSignal), expect.anything());
    // createConnector adds the capabilities that it implements itself.
    const own = {maxResponseSize: true, downloadProgress: true};
    expect(connector).toMatchObject({name: 'test', capabilities: {...capabilities, ...own}});
  });

  it('the function gets the body that a function makes, made anew for each request', async () => {
    const bodies: unknown[] = [];
    const connector = connectorOf(async ({body}) => {
      bodies.push(body);
      return new Response();
    });
    let made = 0;
    const sent = request().with({method: 'POST', body: () => () => `body ${++made}`});
    await connector.fetch(sent);
    await connector.fetch(sent);
    expect(bodies).toEqual(['body 1', 'body 2']);
  });

  it.each([
    ['a stream', () => new Blob(['x']).stream()],
    ['an async iterable', () => Readable.from(['x'])],
    ['a function that makes a stream', () => () => new Blob(['x']).stream()],
  ])(
    '%s is refused before the function is called, if the connector does not send streams',
    async (_what, make) => {
      const send = vi.fn(async () => new Response());
      const connector = connectorOf(send, {}, {capabilities: {...capabilities, requestStreams: false}});
      const error = await rejection(connector.fetch(request().with({method: 'POST', body: make()})));
      expect(error).toBeInstanceOf(UnsupportedOptionError);
      expect(error).toMatchObject({option: 'body', where: 'the test connector'});
      expect(send).not.toHaveBeenCalled();
      expect(connector.stats().active).toBe(0);
    },
  );

  it('a definition may be an instance of a class', async () => {
    class Definition implements ConnectorDefinition {
      readonly name = 'test';
      readonly capabilities = capabilities;
      readonly text = 'of a class';
      async send(): Promise<Response> {
        return new Response(this.text);
      }
    }
    const connector = createConnector(new Definition());
    expect(await (await connector.fetch(request())).text()).toBe('of a class');
  });

  it('statistics count the bytes that the function reports as sent', async () => {
    const connector = connectorOf(async (_request, _signal, progress) => {
      progress.sent(10);
      progress.sent(5);
      progress.done();
      return new Response('abc');
    });
    await (await connector.fetch(request())).text();
    expect(connector.stats().totals).toMatchObject({sent: 1, bytesSent: 15, bytesReceived: 3});
  });

  it.each<[string, ConnectorDefinition['send']]>([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('a function that %s rejects the request, and the slot is free', async (_, send) => {
    const connector = connectorOf(send);
    await expect(connector.fetch(request())).rejects.toThrow('mine');
    expect(connector.stats()).toMatchObject({active: 0, hosts: noHosts});
  });

  it('a function that returns no Response rejects the request, and the slot is free', async () => {
    const connector = connectorOf(async () => undefined as unknown as Response);
    await expect(connector.fetch(request())).rejects.toThrow(TypeError);
    expect(connector.stats()).toMatchObject({active: 0, hosts: noHosts});
  });

  it.each<[string, (response: Response) => unknown]>([
    ['was read from', (response) => response.text()],
    ['was cancelled', (response) => response.body?.cancel()],
    ['is being read', (response) => response.body?.getReader()],
  ])('a function whose Response %s rejects the request, and the slot is free', async (_, use) => {
    const connector = connectorOf(async () => {
      const response = new Response('x');
      await use(response);
      return response;
    });
    await expect(connector.fetch(request())).rejects.toThrow('a read Response');
    expect(connector.stats()).toMatchObject({active: 0, hosts: noHosts});
  });

  it('the signal of the function is aborted when the body is cancelled', async () => {
    let heard: AbortSignal | undefined;
    const connector = connectorOf(async (_request, signal) => {
      heard = signal;
      return new Response(new ReadableStream());
    });
    const response = await connector.fetch(request());
    expect(heard?.aborted).toBe(false);
    const reason = new Error('enough');
    await response.body?.cancel(reason);
    expect(heard?.reason).toBe(reason);
  });

  it('a response that comes after the abort is cancelled', async () => {
    const answer = Promise.withResolvers<Response>();
    const connector = connectorOf(() => answer.promise);
    const late = request();
    const failing = rejection(connector.fetch(late));
    const reason = new Error('enough');
    late.lifetime.abort(reason);
    expect(await failing).toBe(reason);
    const cancel = vi.fn();
    answer.resolve(new Response(new ReadableStream({cancel})));
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce());
    expect(connector.stats()).toMatchObject({active: 0, hosts: noHosts});
  });

  it('the definition decides which errors are of the network', async () => {
    const isNetworkError = (error: unknown) => (error as Error).message === 'mine';
    const failing = (error: Error) => connectorOf(() => Promise.reject(error), {}, {isNetworkError});
    const cause = Object.assign(new Error('mine'), {code: 'ECONNREFUSED'});
    const error = await rejection(failing(cause).fetch(request()));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'connect', code: 'ECONNREFUSED', cause});
    const other = new TypeError('other');
    await expect(failing(other).fetch(request())).rejects.toBe(other);
  });

  it('a request that is aborted already is not sent', async () => {
    const send = vi.fn(hanging);
    const connector = connectorOf(send);
    const aborted = request();
    aborted.lifetime.abort('stop');
    await expect(connector.fetch(aborted)).rejects.toBe('stop');
    expect(send).not.toHaveBeenCalled();
    expect(connector.stats()).toMatchObject({active: 0, hosts: noHosts, totals: {sent: 0}});
  });

  it('a slot that an abort frees in the same tick passes on', async () => {
    const answers: Array<(response: Response) => void> = [];
    const connector = connectorOf(() => new Promise((resolve) => answers.push(resolve)), {limit: 1});
    const [first, second, third] = [request(), request(), request()];
    const calls = [first, second, third].map((each) => connector.fetch(each));
    answers[0]?.(new Response());
    await calls[0];
    second.lifetime.abort('stop');
    await expect(calls[1]).rejects.toBe('stop');
    answers.at(-1)?.(new Response());
    expect((await calls[2])?.status).toBe(200);
  });

  it('no waiting request is sent when all requests are aborted at once', async () => {
    const send = vi.fn(hanging);
    const connector = connectorOf(send, {limit: 2});
    const requests = Array.from({length: 20}, () => request());
    const calls = requests.map((each) => rejection(connector.fetch(each)));
    for (const {lifetime} of requests) lifetime.abort('stop');
    expect(await Promise.all(calls)).toEqual(calls.map(() => 'stop'));
    expect(send).toHaveBeenCalledTimes(2);
    expect(connector.stats()).toMatchObject({active: 0, queued: 0, hosts: noHosts, totals: {sent: 2}});
  });

  it.each([-1, 1.5, Number.NaN, '5'])('the limit %o is refused', (limit) => {
    expect(() => connectorOf(hanging, {limit} as ConnectorOptions)).toThrow(InvalidOptionError);
    expect(() => connectorOf(hanging, {limitPerHost: limit} as ConnectorOptions)).toThrow(InvalidOptionError);
  });

  it.each([0, Number.POSITIVE_INFINITY])('%o means no limit', async (limit) => {
    const connector = connectorOf(hanging, {limit});
    const calls = Array.from({length: 150}, () => rejection(connector.fetch(request())));
    expect(connector.stats()).toMatchObject({active: 150, queued: 0});
    await connector.destroy();
    await Promise.all(calls);
  });
});

describe('an adaptive limit per host', () => {
  /** The samples that the limit observes for one request that ends like this. */
  async function outcomeOf(
    send: ConnectorDefinition['send'],
    end: (sent: ConnectorRequest) => void = () => undefined,
    timeouts = {},
  ) {
    const limitPerHost = recordedLimit();
    const connector = connectorOf(send, {limitPerHost});
    const sent = request().with({timeouts});
    const call = connector.fetch(sent).catch(() => undefined);
    end(sent);
    await call;
    return limitPerHost.samples.map(({status, error}) => status ?? error);
  }

  it.each([200, 404, 429, 503])('an adaptive limit is notified of the status %i', async (status) => {
    expect(await outcomeOf(async () => new Response(null, {status}))).toEqual([status]);
  });

  it('an adaptive limit is notified of a network failure with the error that the call rejects with', async () => {
    const [error] = await outcomeOf(() => Promise.reject(new TypeError('failed')));
    expect(error).toBeInstanceOf(ConnectionError);
  });

  it.each(['read', 'attempt'] as const)('an adaptive limit is notified of the %s timeout', async (phase) => {
    expect(await outcomeOf(hanging, undefined, {[phase]: 5})).toMatchObject([{name: 'TimeoutError', phase}]);
  });

  it('an adaptive limit is notified of an abort with its reason', async () => {
    const total = new TimeoutError('total', 5);
    expect(await outcomeOf(hanging, (sent) => lifetimeOf(sent).abort(total))).toEqual([total]);
    expect(await outcomeOf(hanging, (sent) => lifetimeOf(sent).abort('stop'))).toEqual(['stop']);
  });

  it('an adaptive limit is not notified of a request that ends in the queue', async () => {
    const limitPerHost = recordedLimit(1);
    const connector = connectorOf(hanging, {limitPerHost});
    const calls = [request(), request().with({timeouts: {pool: 5}})].map((sent) =>
      rejection(connector.fetch(sent)),
    );
    await calls[1];
    expect(limitPerHost.samples).toEqual([]);
    await connector.destroy();
    await calls[0];
  });

  it('an adaptive limit is not notified of a failure that the request itself causes', async () => {
    const own = new ConnectionError('Its body failed', 'send');
    expect(await outcomeOf(() => Promise.reject(own))).toEqual([]);
  });

  it('an adaptive limit is not notified of anything after the response', async () => {
    const limitPerHost = recordedLimit();
    const body = () =>
      new ReadableStream({pull: (controller) => controller.error(new TypeError('broken off'))});
    const connector = connectorOf(async () => new Response(body()), {limitPerHost});
    const response = await connector.fetch(request());
    await expect(response.text()).rejects.toThrow(ConnectionError);
    expect(limitPerHost.samples).toMatchObject([{status: 200, active: 1, origin: 'https://api.test'}]);
  });

  it('an adaptive limit measures the time from the end of the upload', async () => {
    const limitPerHost = recordedLimit();
    let doneAt = 0;
    const connector = connectorOf(
      async (_request, _signal, progress) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        doneAt = performance.now();
        progress.done();
        return new Response();
      },
      {limitPerHost},
    );
    await connector.fetch(request());
    expect(limitPerHost.samples[0]?.sentAt).toBeGreaterThanOrEqual(doneAt);
  });

  it('an adaptive limit counts the requests of its own connector only', async () => {
    const limitPerHost = adaptiveLimit({initial: 8});
    const refusing = async () => new Response(null, {status: 503});
    const [one, other] = [connectorOf(refusing, {limitPerHost}), connectorOf(hanging, {limitPerHost})];
    await one.fetch(request());
    const calls = Array.from({length: 9}, () => rejection(other.fetch(request())));
    const origin = 'https://api.test';
    expect(one.stats()).toMatchObject({limitPerHost: 100, hosts: {[origin]: {active: 0, limit: 5}}});
    expect(other.stats().hosts).toEqual({[origin]: {active: 8, queued: 1, idle: 0, limit: 8}});
    await other.destroy();
    await Promise.all(calls);
  });

  it('stats() shows no limit for a host without an adaptive limit', async () => {
    const connector = connectorOf(hanging, {limitPerHost: 5});
    const call = rejection(connector.fetch(request()));
    expect(connector.stats().hosts).toEqual({'https://api.test': {active: 1, queued: 0, idle: 0}});
    await connector.destroy();
    await call;
  });

  it.each([{max: 5}, null, 'adaptive', () => 5])('limitPerHost refuses %o', (limitPerHost) => {
    expect(() => connectorOf(hanging, {limitPerHost} as unknown as ConnectorOptions)).toThrow(
      InvalidOptionError,
    );
  });
});

describe('the end of a connector', () => {
  it('close() refuses new requests, and waits for running and queued ones', async () => {
    const answers: Array<(response: Response) => void> = [];
    const dispose = vi.fn();
    const connector = connectorOf(
      () => new Promise((resolve) => answers.push(resolve)),
      {limit: 1},
      {dispose},
    );
    const calls = [connector.fetch(request()), connector.fetch(request())];
    const closed = vi.fn();
    const closing = connector.close().then(closed);
    const error = await rejection(connector.fetch(request()));
    expect(error).toBeInstanceOf(SessionClosedError);
    expect(error.message).toMatch(/^Connector is closed/);
    for (const [index, call] of calls.entries()) {
      expect(closed).not.toHaveBeenCalled();
      await vi.waitFor(() => expect(answers).toHaveLength(index + 1));
      answers[index]?.(new Response('x'));
      await (await call).text();
    }
    await closing;
    expect(dispose).toHaveBeenCalledOnce();
  });

  it('destroy() ends all requests with its reason, those in the queue first', async () => {
    const send = vi.fn(hanging);
    const dispose = vi.fn();
    const connector = connectorOf(send, {limit: 1}, {dispose});
    const calls = [request(), request(), request()].map((each) => rejection(connector.fetch(each)));
    const reason = new Error('mine');
    const closing = connector.close();
    await connector.destroy(reason);
    await closing;
    expect(await Promise.all(calls)).toEqual([reason, reason, reason]);
    expect(send).toHaveBeenCalledOnce();
    expect(dispose).toHaveBeenCalledOnce();
    expect(connector.stats()).toMatchObject({active: 0, queued: 0, hosts: noHosts});
    await connector.destroy();
    await connector[Symbol.asyncDispose]();
    expect(dispose).toHaveBeenCalledOnce();
  });

  it('destroy() ends a request that has just left the queue', async () => {
    const send = vi.fn<ConnectorDefinition['send']>(hanging).mockResolvedValueOnce(new Response('x'));
    const connector = connectorOf(send, {limit: 1});
    const [first, second] = [connector.fetch(request()), connector.fetch(request())];
    const failing = rejection(second);
    await (await first).text();
    await vi.waitFor(() => expect(send).toHaveBeenCalledTimes(2));
    const reason = new Error('mine');
    await connector.destroy(reason);
    expect(await failing).toBe(reason);
  });

  it('an unread body does not delay close()', async () => {
    const connector = connectorOf(async () => new Response(new ReadableStream()));
    const response = await connector.fetch(request());
    await connector.close();
    await expect(response.text()).rejects.toBeInstanceOf(SessionClosedError);
  });
});
