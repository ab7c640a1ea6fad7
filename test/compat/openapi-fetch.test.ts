import createClient from 'openapi-fetch';
import {describe, expect, it} from 'vitest';
import type {paths} from '../../examples/galaxy/paths.ts';
import {endless, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

function connect({session, origin}: Given) {
  return createClient<paths>({fetch: session.fetch, baseUrl: origin});
}

describe('openapi-fetch', () => {
  it('gets and creates resources', async () => {
    const {outcome, requests} = await compare(json({id: 1, name: 'Mars'}), async (given) => {
      const client = connect(given);
      const {data} = await client.GET('/planets/{planetId}', {params: {path: {planetId: 1}}});
      await client.POST('/planets', {body: {id: 1, name: 'Mars', type: 'terrestrial'}});
      return data?.name;
    });
    expect(outcome).toBe('Mars');
    expect(requests.map(({method, path}) => `${method} ${path}`)).toEqual([
      'GET /planets/1',
      'POST /planets',
    ]);
  });

  it('uploads a form', async () => {
    const {requests} = await compare(json({}), async (given) => {
      const {response} = await connect(given).POST('/planets/{planetId}/image', {
        params: {path: {planetId: 1}},
        body: {image: ''},
        bodySerializer: () => {
          const form = new FormData();
          form.append('image', new File(['content'], 'mars.png'));
          return form;
        },
      });
      return response.status;
    });
    expect(requests).toMatchObject([{body: expect.stringContaining('filename="mars.png"')}]);
  });

  it('gives the body as a stream, which frees its slot when it is cancelled', async () => {
    const {outcome} = await compare(endless('part'), async (given) => {
      const {data} = await connect(given).GET('/planets', {parseAs: 'stream'});
      const reader = (data as unknown as ReadableStream<Uint8Array>).getReader();
      const {value} = await reader.read();
      await reader.cancel();
      return value;
    });
    expect(outcome).toBe('part');
  });

  it('is aborted by a signal', async () => {
    const {outcome} = await compare(silence, async (given) => {
      await connect(given).GET('/planets', {signal: given.signal});
    });
    expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
  });

  it('gives the error of a status, after one request', async () => {
    const {outcome, requests} = await compare(json({title: 'busy', status: 503}, 503), async (given) => {
      const {error, response} = await connect(given).GET('/planets');
      return [response.status, error];
    });
    expect(outcome).toEqual([503, {title: 'busy', status: 503}]);
    expect(requests).toHaveLength(1);
  });

  it('rejects when the connection is reset, after one request', async () => {
    const {outcome, requests} = await compare(reset, (given) => connect(given).GET('/planets'));
    expect(outcome).toMatchObject({thrown: {isNetworkError: true}});
    expect(requests).toHaveLength(1);
  });
});
