import {
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {FetchHttpHandler} from '@smithy/fetch-http-handler';
import {describe, expect, it} from 'vitest';
import type {Answer} from './support/answers.ts';
import {bytes, endless, inTurn, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

function createClient({session, origin}: Given, maxAttempts?: number) {
  return new S3Client({
    requestHandler: new FetchHttpHandler({customFetch: session.fetch}),
    ...(maxAttempts !== undefined && {maxAttempts}),
    endpoint: origin,
    forcePathStyle: true,
    region: 'eu-west-1',
    credentials: {accessKeyId: 'id', secretAccessKey: 'secret'},
  });
}

function xml(content: string, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, {'content-type': 'application/xml'});
    response.end(`<?xml version="1.0" encoding="UTF-8"?>${content}`);
  };
}

const object = {Bucket: 'bucket', Key: 'a b.txt'};
const options = {volatile: ['authorization', 'x-amz-date', 'amz-sdk-invocation-id', 'amz-sdk-request']};
const failure = xml('<Error><Code>SlowDown</Code><Message>busy</Message></Error>', 503);

describe('@aws-sdk/client-s3', () => {
  it('lists objects', async () => {
    const answer = xml('<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>');
    const {outcome} = await compare(
      answer,
      async (given) => {
        const {Contents = []} = await createClient(given).send(
          new ListObjectsV2Command({Bucket: 'bucket', Prefix: 'a/'}),
        );
        return Contents.map(({Key}) => Key);
      },
      options,
    );
    expect(outcome).toEqual(['a']);
  });

  it('reads an object as text and as a stream', async () => {
    const {outcome, requests} = await compare(
      bytes('content', {'content-length': '7'}),
      async (given) => {
        const client = createClient(given);
        const whole = await client.send(new GetObjectCommand(object));
        const part = await client.send(new GetObjectCommand({...object, Range: 'bytes=0-6'}));
        const chunks = await Array.fromAsync(part.Body?.transformToWebStream() as ReadableStream<Uint8Array>);
        return [await whole.Body?.transformToString(), Buffer.concat(chunks)];
      },
      options,
    );
    expect(outcome).toEqual(['content', 'content']);
    expect(requests).toMatchObject([
      {path: '/bucket/a%20b.txt?x-id=GetObject'},
      {headers: {range: 'bytes=0-6'}},
    ]);
  });

  it.each([
    ['text', 'content'],
    ['bytes', new TextEncoder().encode('content')],
  ])('puts an object from %s', async (_kind, Body) => {
    const {requests} = await compare(
      bytes(''),
      async (given) => {
        await createClient(given).send(new PutObjectCommand({...object, Body}));
      },
      options,
    );
    expect(requests).toMatchObject([{method: 'PUT', body: expect.stringContaining('content')}]);
  });

  it('is aborted by a signal in the middle of a body, which frees its slot', async () => {
    const {outcome} = await compare(
      endless('part'),
      async (given) => {
        const controller = new AbortController();
        const {Body} = await createClient(given).send(new GetObjectCommand(object), {
          abortSignal: controller.signal,
        });
        for await (const _ of Body?.transformToWebStream() ?? []) controller.abort();
      },
      options,
    );
    expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
  });

  it('is aborted by a signal before the answer', async () => {
    const {outcome} = await compare(
      silence,
      async (given) => {
        await createClient(given).send(new GetObjectCommand(object), {abortSignal: given.signal});
      },
      options,
    );
    expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
  });

  it('throws its own errors', async () => {
    const {outcome} = await compare(
      xml('<Error><Code>NoSuchKey</Code><Message>none</Message></Error>', 404),
      (given) => createClient(given).send(new GetObjectCommand(object)),
      options,
    );
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining([NoSuchKey.name])}});
  });

  it.each([
    ['by default', undefined, 3],
    ['when told so', 1, 1],
  ])('throws its own error of a status after its own retries: %s', async (_when, maxAttempts, count) => {
    const {requests} = await compare(
      failure,
      (given) => createClient(given, maxAttempts).send(new GetObjectCommand(object)),
      options,
    );
    expect(requests).toHaveLength(count);
  });

  it('retries after a reset connection', async () => {
    const {outcome, requests} = await compare(
      inTurn(reset, bytes('content')),
      async (given) =>
        (await createClient(given, 2).send(new GetObjectCommand(object))).Body?.transformToString(),
      options,
    );
    expect([outcome, requests.length]).toEqual(['content', 2]);
  });
});
