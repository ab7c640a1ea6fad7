import axios from 'axios';
import isNetworkError from 'is-network-error';
import ky from 'ky';
import {ofetch} from 'ofetch';
import pRetry from 'p-retry';
import {describe, expect, it} from 'vitest';
import {ConnectionError, createSession} from '../../src/index.ts';
import {startServer} from '../support/http-server.ts';
import {rejection} from '../support/mock-session.ts';

/** A server that breaks the first two connections, and the number of requests that it got. */
async function startBreakingServer() {
  const counts = {requests: 0};
  const server = await startServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (++counts.requests < 3) response.socket?.destroy();
      else response.end('"ok"');
    });
  });
  return {url: `${server.origin}/`, counts};
}

const post = {method: 'POST', body: 'text'};

// Each library treats the network error of a session as it treats that of built-in fetch.
describe.each([
  ['built-in fetch', () => globalThis.fetch],
  ['session.fetch', () => createSession().fetch as typeof globalThis.fetch],
])('a network error of %s', (_which, makeFetch) => {
  it('is-network-error takes it for one: of a broken connection, of a refused one, and of a broken body', async () => {
    const fetch = makeFetch();
    const {url} = await startBreakingServer();
    const broken = await startServer((_request, response) => {
      response.writeHead(200, {'content-length': '10'});
      response.write('part', () => response.socket?.destroy());
    });
    const errors = [
      await rejection(fetch(url, post)),
      await rejection(fetch('http://127.0.0.1:2/')),
      await rejection((await fetch(`${broken.origin}/`)).text()),
    ];
    expect(errors.map((error) => isNetworkError(error))).toEqual([true, true, true]);
  });

  it('p-retry repeats a POST after it', async () => {
    const fetch = makeFetch();
    const {url, counts} = await startBreakingServer();
    const send = async () => (await fetch(url, post)).json();
    expect(await pRetry(send, {retries: 3, minTimeout: 0})).toBe('ok');
    expect(counts.requests).toBe(3);
  });

  it('ky’s own retries repeat a POST after it', async () => {
    const {url, counts} = await startBreakingServer();
    const retry = {limit: 3, methods: ['post'], delay: () => 1};
    expect(await ky.create({fetch: makeFetch(), retry}).post(url, {json: {}}).json()).toBe('ok');
    expect(counts.requests).toBe(3);
  });

  it('axios makes its own ERR_NETWORK of it', async () => {
    const {url} = await startBreakingServer();
    const client = axios.create({
      adapter: 'fetch',
      env: {fetch: makeFetch(), Request, Response: Response as never},
    });
    expect(await rejection(client.post(url, {}))).toMatchObject({
      code: 'ERR_NETWORK',
      message: 'Network Error',
    });
  });

  it('ofetch repeats a GET after it', async () => {
    const {url, counts} = await startBreakingServer();
    const client = ofetch.create({}, {fetch: makeFetch()});
    // A broken connection of a GET may be repeated below already.
    expect(await client(url, {retry: 3})).toBe('ok');
    expect(counts.requests).toBe(3);
  });
});

it('the error tells what happened, though its name and message have the form that libraries know', async () => {
  const error = (await rejection(
    createSession().fetch('http://127.0.0.1:2/?key=s3cret', post),
  )) as ConnectionError;
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({
    name: 'TypeError',
    message:
      'Failed to fetch (Connection could not be opened: connect ECONNREFUSED 127.0.0.1:2, POST http://127.0.0.1:2/?key=…)',
    code: 'ECONNREFUSED',
    phase: 'connect',
    cause: {code: 'ECONNREFUSED'},
  });
});
