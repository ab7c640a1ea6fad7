import {Octokit, RequestError} from 'octokit';
import {describe, expect, it} from 'vitest';
import {bytes, endless, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

const log = {debug() {}, info() {}, warn() {}, error() {}};

function createClient({session, origin}: Given, retries?: number) {
  // By default, octokit's plug-ins wait for seconds before a retry and between two requests that write.
  const plugins = {
    retry: {retryAfterBaseValue: 1, ...(retries !== undefined && {retries})},
    throttle: {enabled: false},
  };
  return new Octokit({request: {fetch: session.fetch}, baseUrl: origin, auth: 'token', log, ...plugins});
}

const repository = {owner: 'ada', repo: 'engine'};

describe('octokit', () => {
  it('gets and creates resources', async () => {
    const {outcome, requests} = await compare(json({number: 7}, 201), async (given) => {
      const {rest} = createClient(given);
      await rest.issues.get({...repository, issue_number: 7});
      return (await rest.issues.create({...repository, title: 'Läuft'})).data.number;
    });
    expect(outcome).toBe(7);
    expect(requests.map(({method, path}) => `${method} ${path}`)).toEqual([
      'GET /repos/ada/engine/issues/7',
      'POST /repos/ada/engine/issues',
    ]);
  });

  it('reads all pages', async () => {
    const {outcome} = await compare(
      ({index}, response) => {
        const {host} = response.req.headers;
        const next = index === 0 ? {link: `<http://${host}/repos/ada/engine/issues?page=2>; rel="next"`} : {};
        response.writeHead(200, {'content-type': 'application/json', ...next}).end(`[{"number": ${index}}]`);
      },
      async (given) => {
        const octokit = createClient(given);
        const issues = await octokit.paginate(octokit.rest.issues.listForRepo, repository);
        return issues.map(({number}) => number);
      },
    );
    expect(outcome).toEqual([0, 1]);
  });

  it('gives the body as a stream, which frees its slot when it is cancelled', async () => {
    const {outcome} = await compare(endless('part'), async (given) => {
      const {data} = await createClient(given).request('GET /archive', {
        request: {parseSuccessResponseBody: false},
      });
      const reader = (data as ReadableStream<Uint8Array>).getReader();
      const {value} = await reader.read();
      await reader.cancel();
      return value;
    });
    expect(outcome).toBe('part');
  });

  it('is aborted by a signal', async () => {
    const {outcome} = await compare(silence, async (given) => {
      await createClient(given).request('GET /', {request: {signal: given.signal}});
    });
    expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
  });

  it('uploads and downloads a file', async () => {
    const {outcome, requests} = await compare(bytes('content'), async (given) => {
      const octokit = createClient(given);
      const {data} = await octokit.request('POST /assets{?name}', {
        name: 'a.bin',
        headers: {'content-type': 'application/octet-stream'},
        data: Buffer.from('content'),
      });
      return new Uint8Array(data);
    });
    expect(outcome).toBe('content');
    expect(requests).toMatchObject([{body: 'content'}]);
  });

  it.each([
    ['by default', undefined, 4],
    ['when told so', 0, 1],
  ])('throws its own error of a status after its own retries: %s', async (_when, retries, count) => {
    const {outcome, requests} = await compare(json({message: 'busy'}, 503), (given) =>
      createClient(given, retries).request('GET /'),
    );
    expect(outcome).toMatchObject({thrown: {classes: [RequestError.name], status: 503}});
    expect(requests).toHaveLength(count);
  });

  it('takes a reset connection for a RequestError, and retries after it', async () => {
    const {outcome} = await compare(reset, (given) => createClient(given, 0).request('POST /'));
    expect(outcome).toMatchObject({thrown: {classes: [RequestError.name], status: 500}});
    const {requests} = await compare(
      inTurn(reset, json({ok: true})),
      async (given) => (await createClient(given, 1).request('POST /')).data,
    );
    expect(requests).toHaveLength(2);
  });
});
