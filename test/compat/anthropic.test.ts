import Anthropic, {
  APIConnectionError,
  APIUserAbortError,
  InternalServerError,
  toFile,
} from '@anthropic-ai/sdk';
import {describe, expect, it} from 'vitest';
import {events, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

function createClient({session, origin}: Given, maxRetries?: number) {
  return new Anthropic({fetch: session.fetch, maxRetries, apiKey: 'key', baseURL: origin});
}

const question = {model: 'claude', max_tokens: 10, messages: [{role: 'user' as const, content: 'Hello'}]};
const message = {type: 'message', role: 'assistant', content: [], usage: {input_tokens: 1, output_tokens: 1}};
const started = ['message_start', {type: 'message_start', message}] as const;
const block = {type: 'content_block_start', index: 0, content_block: {type: 'text', text: ''}};
const blockStarted = ['content_block_start', block] as const;

function delta(text: string) {
  const data = {type: 'content_block_delta', index: 0, delta: {type: 'text_delta', text}};
  return ['content_block_delta', data] as const;
}

const stopped = ['message_stop', {type: 'message_stop'}] as const;

describe('@anthropic-ai/sdk', () => {
  it('gets an answer', async () => {
    const answer = json({...message, content: [{type: 'text', text: 'Hi'}]});
    const {outcome, requests} = await compare(
      answer,
      async (given) => (await createClient(given).messages.create(question)).content,
    );
    expect(outcome).toEqual([{type: 'text', text: 'Hi'}]);
    expect(requests).toMatchObject([{method: 'POST', path: '/v1/messages'}]);
  });

  it('reads an answer as it is streamed', async () => {
    const answer = events([started, blockStarted, delta('H'), delta('i'), stopped]);
    const {outcome} = await compare(answer, async (given) => {
      const parts: string[] = [];
      const stream = createClient(given).messages.stream(question);
      stream.on('text', (text) => parts.push(text));
      await stream.finalMessage();
      return parts;
    });
    expect(outcome).toEqual(['H', 'i']);
  });

  it('aborts a stream, which frees its slot', async () => {
    const answer = events([started, blockStarted, delta('H')], {endless: true});
    const {outcome} = await compare(answer, async (given) => {
      const stream = createClient(given).messages.stream(question);
      stream.on('text', () => stream.abort());
      await stream.done();
    });
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining([APIUserAbortError.name])}});
  });

  it('leaves the loop over a stream, which frees its slot', async () => {
    const {outcome} = await compare(events([started], {endless: true}), async (given) => {
      const stream = await createClient(given).messages.create({...question, stream: true});
      for await (const event of stream) return event.type;
      return undefined;
    });
    expect(outcome).toBe('message_start');
  });

  it('is aborted by a signal before the answer', async () => {
    const {outcome} = await compare(silence, async (given) => {
      await createClient(given).messages.create(question, {signal: given.signal});
    });
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining([APIUserAbortError.name])}});
  });

  it('gives up after its own timeout', async () => {
    const {outcome} = await compare(
      silence,
      (given) => createClient(given, 0).messages.create(question, {timeout: 50}),
      {byClock: true},
    );
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining(['APIConnectionTimeoutError'])}});
  });

  it('uploads a file', async () => {
    const {requests} = await compare(json({id: 'file-1'}), async (given) => {
      const file = await toFile(Buffer.from('text'), 'notes.txt', {type: 'text/plain'});
      return createClient(given).beta.files.upload({file});
    });
    expect(requests).toMatchObject([{body: expect.stringContaining('filename="notes.txt"')}]);
  });

  it.each([
    ['by default', undefined, 3],
    ['when told so', 0, 1],
  ])('throws its own error of a status after its own retries: %s', async (_when, maxRetries, count) => {
    const answer = json({type: 'error', error: {type: 'overloaded_error'}}, 529, {'retry-after-ms': '1'});
    const {outcome, requests} = await compare(answer, (given) =>
      createClient(given, maxRetries).messages.create(question),
    );
    expect(outcome).toMatchObject({
      thrown: {classes: expect.arrayContaining([InternalServerError.name]), status: 529},
    });
    expect(requests).toHaveLength(count);
  });

  it('does not retry when the server says so', async () => {
    const answer = json({type: 'error'}, 529, {'x-should-retry': 'false'});
    const {requests} = await compare(answer, (given) => createClient(given).messages.create(question));
    expect(requests).toHaveLength(1);
  });

  it('takes a reset connection for an APIConnectionError, and retries after it', async () => {
    const {outcome} = await compare(reset, (given) => createClient(given, 0).messages.create(question));
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining([APIConnectionError.name])}});
    const {requests} = await compare(inTurn(reset, json(message)), (given) =>
      createClient(given, 1).messages.create(question),
    );
    expect(requests).toHaveLength(2);
  });
});
