import {AwsClient} from 'aws4fetch';
import {describe, expect, it} from 'vitest';
import {bytes, endless, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

const aws = new AwsClient({accessKeyId: 'id', secretAccessKey: 'secret', service: 's3', region: 'eu-west-1'});
const options = {volatile: ['authorization', 'x-amz-date']};

async function send({session, origin}: Given, init?: RequestInit) {
  const url = `${origin}/bucket/a%20b.txt`;
  return init ? session.fetch(await aws.sign(url, init)) : session.fetch(await aws.sign(url));
}

describe('aws4fetch', () => {
  it('reads an object', async () => {
    const {outcome, requests} = await compare(
      bytes('content'),
      async (given) => (await send(given)).text(),
      options,
    );
    expect(outcome).toBe('content');
    expect(requests).toMatchObject([
      {method: 'GET', path: '/bucket/a%20b.txt', headers: {authorization: 'volatile'}},
    ]);
  });

  it.each([
    ['text', () => 'content'],
    ['bytes', () => new TextEncoder().encode('content')],
    ['a Blob', () => new Blob(['content'])],
    ['a stream', () => new Blob(['content']).stream()],
  ])('puts an object from %s', async (_kind, makeBody) => {
    const {requests} = await compare(
      bytes(''),
      async (given) => (await send(given, {method: 'PUT', body: makeBody()})).status,
      options,
    );
    expect(requests).toMatchObject([{method: 'PUT', body: 'content'}]);
  });

  it('is aborted by a signal, before and in the middle of a body, which frees its slot', async () => {
    for (const answer of [silence, endless('part')]) {
      const {outcome} = await compare(
        answer,
        async (given) => {
          return (await send(given, {signal: given.signal})).text();
        },
        options,
      );
      expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
    }
  });

  it('rejects when the connection is reset, after one request', async () => {
    const {outcome, requests} = await compare(
      reset,
      (given) => send(given, {method: 'PUT', body: 'content'}),
      options,
    );
    expect(outcome).toMatchObject({thrown: {isNetworkError: true}});
    expect(requests).toHaveLength(1);
  });
});
