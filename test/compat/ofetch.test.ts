import {createFetch, FetchError} from 'ofetch';
import {describe, expect, it} from 'vitest';
import {endless, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

function createClient({session, origin}: Given, retry?: number) {
  return createFetch({
    fetch: session.fetch,
    defaults: {baseURL: origin, ...(retry !== undefined && {retry})},
  });
}

describe('ofetch', () => {
  it('gets, posts and sends forms', async () => {
    const {outcome, requests} = await compare(json({ok: true}), async (given) => {
      const $fetch = createClient(given);
      await $fetch('/a', {query: {q: 'é'}});
      const body = new FormData();
      body.append('file', new File(['content'], 'a.txt'));
      await $fetch('/c', {method: 'PUT', body});
      return $fetch('/b', {method: 'POST', body: {a: 1}});
    });
    expect(outcome).toEqual({ok: true});
    expect(requests.map(({method, path}) => `${method} ${path}`)).toEqual([
      'GET /a?q=%C3%A9',
      'PUT /c',
      'POST /b',
    ]);
  });

  it('gives the body as a stream, which frees its slot when it is cancelled', async () => {
    const {outcome} = await compare(endless('part'), async (given) => {
      const reader = (await createClient(given)('/a', {responseType: 'stream'})).getReader();
      const {value} = await reader.read();
      await reader.cancel();
      return value;
    });
    expect(outcome).toBe('part');
  });

  it('is aborted by a signal', async () => {
    const {outcome} = await compare(silence, async (given) => {
      await createClient(given)('/a', {signal: given.signal});
    });
    expect(outcome).toMatchObject({thrown: {classes: [FetchError.name], cause: {error: 'AbortError'}}});
  });

  it('gives up after its own timeout', async () => {
    const {outcome} = await compare(silence, (given) => createClient(given)('/a', {timeout: 50}), {
      byClock: true,
    });
    expect(outcome).toMatchObject({thrown: {classes: [FetchError.name], cause: {error: 'TimeoutError'}}});
  });

  it.each([
    ['by default', undefined, 2],
    ['when told so', 0, 1],
  ])('throws its own error of a status after its own retries: %s', async (_when, retry, count) => {
    const {outcome, requests} = await compare(json({}, 503), (given) => createClient(given, retry)('/a'));
    expect(outcome).toMatchObject({thrown: {classes: [FetchError.name], status: 503}});
    expect(requests).toHaveLength(count);
  });

  it('takes a reset connection for its own error, and retries after it', async () => {
    const {outcome, requests} = await compare(reset, (given) => createClient(given, 0)('/a'));
    expect(outcome).toMatchObject({thrown: {classes: [FetchError.name], cause: {isNetworkError: true}}});
    expect(requests).toHaveLength(1);
    const retried = await compare(inTurn(reset, json(1)), (given) => createClient(given, 1)('/a'));
    expect([retried.outcome, retried.requests.length]).toEqual([1, 2]);
  });
});
