import axios, {AxiosError} from 'axios';
import {describe, expect, it} from 'vitest';
import {broken, bytes, endless, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare, runOnBoth} from './support/compare.ts';

function createClient({session, origin}: Given) {
  return axios.create({adapter: 'fetch', env: {fetch: session.fetch}, baseURL: origin});
}

describe('axios', () => {
  it('gets, posts and sends forms', async () => {
    const {outcome, requests} = await compare(json({ok: true}), async (given) => {
      const client = createClient(given);
      await client.get('/a', {params: {q: 'é'}});
      const form = new FormData();
      form.append('file', new File(['content'], 'a.txt'));
      await client.postForm('/c', form);
      return (await client.post('/b', {a: 1})).data;
    });
    expect(outcome).toEqual({ok: true});
    expect(requests.map(({method, path}) => `${method} ${path}`)).toEqual([
      'GET /a?q=%C3%A9',
      'POST /c',
      'POST /b',
    ]);
  });

  it('tells the progress of a download', async () => {
    const {outcome} = await compare(bytes('content', {'content-length': '7'}), async (given) => {
      const progress: number[] = [];
      const onDownloadProgress = ({loaded}: {loaded: number}) => void progress.push(loaded);
      await createClient(given).get('/a', {onDownloadProgress});
      return progress.at(-1);
    });
    expect(outcome).toBe(7);
  });

  it('tells the progress of an upload, whose stream is sent with its length if it is there at once', async () => {
    const {builtIn, session} = await runOnBoth(json({}), async (given) => {
      const progress: number[] = [];
      const onUploadProgress = ({loaded}: {loaded: number}) => void progress.push(loaded);
      await createClient(given).post('/a', 'text', {onUploadProgress});
      return progress.at(-1);
    });
    const body = 'text';
    expect(builtIn).toMatchObject({
      outcome: 4,
      requests: [{body, headers: {'transfer-encoding': 'chunked'}}],
    });
    expect(session).toMatchObject({
      outcome: 4,
      requests: [{body, headers: {'content-length': expect.anything()}}],
    });
  });

  it('gives the body as a stream, which frees its slot when it is cancelled', async () => {
    const {outcome} = await compare(endless('part'), async (given) => {
      const {data} = await createClient(given).get<ReadableStream<Uint8Array>>('/a', {
        responseType: 'stream',
      });
      const reader = data.getReader();
      const {value} = await reader.read();
      await reader.cancel();
      return value;
    });
    expect(outcome).toBe('part');
  });

  it('is aborted by a signal in the middle of a body', async () => {
    const {outcome} = await compare(endless('part'), async (given) => {
      const controller = new AbortController();
      await createClient(given).get('/a', {
        signal: controller.signal,
        onDownloadProgress: () => controller.abort(),
      });
    });
    expect(outcome).toMatchObject({thrown: {error: 'CanceledError'}});
  });

  it('gives up after its own timeout', async () => {
    const {outcome} = await compare(silence, (given) => createClient(given).get('/a', {timeout: 50}), {
      byClock: true,
    });
    expect(outcome).toMatchObject({
      thrown: {error: 'AxiosError', code: expect.stringMatching(/ETIMEDOUT|ECONNABORTED/)},
    });
  });

  it('throws its own error of a status, after one request', async () => {
    const {outcome, requests} = await compare(json({}, 503), (given) => createClient(given).get('/a'));
    expect(outcome).toMatchObject({thrown: {classes: [AxiosError.name], status: 503}});
    expect(requests).toHaveLength(1);
  });

  it('takes a reset connection for its ERR_NETWORK, after one request', async () => {
    const {outcome, requests} = await compare(reset, (given) => createClient(given).post('/a', {}));
    expect(outcome).toMatchObject({thrown: {classes: [AxiosError.name], code: 'ERR_NETWORK'}});
    expect(requests).toHaveLength(1);
  });

  it('takes a body that breaks for its ERR_NETWORK, which it does not know by the message of built-in fetch', async () => {
    const {builtIn, session} = await runOnBoth(broken('part'), (given) => createClient(given).post('/a', {}));
    expect(builtIn.outcome).toMatchObject({thrown: {classes: [AxiosError.name], message: 'terminated'}});
    expect(session.outcome).toMatchObject({thrown: {classes: [AxiosError.name], code: 'ERR_NETWORK'}});
    expect(session.requests).toEqual(builtIn.requests);
  });
});
