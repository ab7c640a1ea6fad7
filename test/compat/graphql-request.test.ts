import {buildSchema, graphql} from 'graphql';
import {ClientError, GraphQLClient} from 'graphql-request';
import {describe, expect, it} from 'vitest';
import type {Answer} from './support/answers.ts';
import {json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

const schema = buildSchema(
  'type Query { hello(name: String): String } type Mutation { rename(name: String): String }',
);
const rootValue = {
  hello: ({name}: {name: string}) => `Hello ${name}`,
  rename: () => {
    throw new Error('not allowed');
  },
};

/** A GraphQL server: queries come in the body or, of a GET, in the URL. */
const answer: Answer = async ({method, path, body}, response) => {
  const search = new URL(path, 'http://server').searchParams;
  const {query, variables} =
    method === 'POST'
      ? JSON.parse(body.toString())
      : {query: search.get('query'), variables: JSON.parse(search.get('variables') ?? '{}')};
  const result = await graphql({schema, source: query, rootValue, variableValues: variables});
  response.writeHead(200, {'content-type': 'application/graphql-response+json'}).end(JSON.stringify(result));
};

function createClient({session, origin}: Given, options = {}) {
  const url = `${origin}/graphql`;
  return new GraphQLClient(url, {fetch: session.fetch, headers: {authorization: 'Bearer a'}, ...options});
}

const query = 'query ($name: String) { hello(name: $name) }';

describe('graphql-request', () => {
  it.each(['POST', 'GET'] as const)('sends a query by %s', async (method) => {
    const {outcome, requests} = await compare(answer, (given) =>
      createClient(given, {method}).request(query, {name: 'Zoë'}),
    );
    expect(outcome).toEqual({hello: 'Hello Zoë'});
    expect(requests).toMatchObject([{method}]);
  });

  it('throws its own error of a query', async () => {
    const {outcome} = await compare(answer, (given) =>
      createClient(given).request('mutation { rename(name: "a") }'),
    );
    expect(outcome).toMatchObject({
      thrown: {classes: [ClientError.name], message: expect.stringContaining('not allowed')},
    });
  });

  it('throws its own error of a status, after one request', async () => {
    const {outcome, requests} = await compare(json({errors: [{message: 'busy'}]}, 503), (given) =>
      createClient(given).request(query),
    );
    expect(outcome).toMatchObject({
      thrown: {classes: [ClientError.name], message: expect.stringContaining('busy')},
    });
    expect(requests).toHaveLength(1);
  });

  it('is aborted by a signal', async () => {
    const {outcome} = await compare(silence, async (given) => {
      await createClient(given).request({document: query, signal: given.signal});
    });
    expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
  });

  it('rejects when the connection is reset, after one request', async () => {
    const {outcome, requests} = await compare(reset, (given) => createClient(given).request(query));
    expect(outcome).toMatchObject({thrown: {isNetworkError: true}});
    expect(requests).toHaveLength(1);
  });
});
