import ky, {HTTPError} from 'ky';
import {describe, expect, it} from 'vitest';
import {bytes, endless, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

function createClient({session, origin}: Given, limit?: number) {
  return ky.create({
    fetch: session.fetch,
    prefix: origin,
    retry: {delay: () => 1, ...(limit !== undefined && {limit})},
  });
}

describe('ky', () => {
  it('gets, posts and sends forms', async () => {
    const {outcome, requests} = await compare(json({ok: true}), async (given) => {
      const api = createClient(given);
      await api.get('a', {searchParams: {q: 'é'}});
      const form = new FormData();
      form.append('file', new File(['content'], 'a.txt'));
      await api.put('c', {body: form});
      return api.post('b', {json: {a: 1}}).json();
    });
    expect(outcome).toEqual({ok: true});
    expect(requests.map(({method, path}) => `${method} ${path}`)).toEqual([
      'GET /a?q=%C3%A9',
      'PUT /c',
      'POST /b',
    ]);
  });

  it('tells the progress of a download', async () => {
    const {outcome} = await compare(bytes('content', {'content-length': '7'}), async (given) => {
      const progress: number[] = [];
      const onDownloadProgress = ({percent}: {percent: number}) => void progress.push(percent);
      await createClient(given).get('a', {onDownloadProgress}).text();
      return progress;
    });
    expect(outcome).toContain(1);
  });

  it('gives the body as a stream, which frees its slot when it is aborted', async () => {
    const {outcome} = await compare(endless('part'), async (given) => {
      const controller = new AbortController();
      const {body} = await createClient(given).get('a', {signal: controller.signal});
      for await (const _ of body ?? []) controller.abort();
    });
    expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
  });

  it('gives up after its own timeout', async () => {
    const {outcome} = await compare(silence, (given) => createClient(given).get('a', {timeout: 50}).text(), {
      byClock: true,
    });
    expect(outcome).toMatchObject({thrown: {error: 'TimeoutError'}});
  });

  it.each([
    ['by default', undefined, 3],
    ['when told so', 0, 1],
  ])('throws its own error of a status after its own retries: %s', async (_when, limit, count) => {
    const {outcome, requests} = await compare(json({}, 503), (given) =>
      createClient(given, limit).get('a').text(),
    );
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining([HTTPError.name])}});
    expect(requests).toHaveLength(count);
  });

  it('takes a reset connection for a network error, and retries after it', async () => {
    const {outcome, requests} = await compare(reset, (given) => createClient(given, 0).get('a').text());
    expect(outcome).toMatchObject({thrown: {error: 'NetworkError', cause: {isNetworkError: true}}});
    expect(requests).toHaveLength(1);
    const retried = await compare(inTurn(reset, json(1)), (given) => createClient(given, 1).get('a').json());
    expect([retried.outcome, retried.requests.length]).toEqual([1, 2]);
  });
});
