import OpenAI, {APIConnectionError, APIUserAbortError, InternalServerError, toFile} from 'openai';
import {describe, expect, it} from 'vitest';
import {broken, events, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

function createClient({session, origin}: Given, maxRetries?: number) {
  return new OpenAI({fetch: session.fetch, maxRetries, apiKey: 'key', baseURL: `${origin}/v1`});
}

const question = {model: 'gpt', messages: [{role: 'user' as const, content: 'Hello'}]};
const options = {volatile: ['idempotency-key', 'x-stainless-retry-count']};

function chunk(content: string) {
  return [undefined, {choices: [{index: 0, delta: {content}}]}] as const;
}

const failure = json({error: {message: 'busy', type: 'server_error'}}, 503, {'retry-after-ms': '1'});

describe('openai', () => {
  it('gets an answer', async () => {
    const answer = json({choices: [{message: {role: 'assistant', content: 'Hi'}}]});
    const {outcome, requests} = await compare(answer, async (given) => {
      const completion = await createClient(given).chat.completions.create(question);
      return completion.choices[0]?.message.content;
    });
    expect(outcome).toBe('Hi');
    expect(requests).toMatchObject([{method: 'POST', path: '/v1/chat/completions'}]);
  });

  it('reads an answer as it is streamed', async () => {
    const {outcome} = await compare(
      events([chunk('H'), chunk('i'), [undefined, '[DONE]']]),
      async (given) => {
        const parts: unknown[] = [];
        const stream = await createClient(given).chat.completions.create({...question, stream: true});
        for await (const part of stream) parts.push(part.choices[0]?.delta.content);
        return parts;
      },
    );
    expect(outcome).toEqual(['H', 'i']);
  });

  it('aborts a stream, which frees its slot', async () => {
    const {outcome} = await compare(events([chunk('H')], {endless: true}), async (given) => {
      const parts: unknown[] = [];
      const stream = await createClient(given).chat.completions.create({...question, stream: true});
      for await (const part of stream) {
        parts.push(part.choices[0]?.delta.content);
        stream.controller.abort();
      }
      return parts;
    });
    expect(outcome).toEqual(['H']);
  });

  it('leaves the loop over a stream, which frees its slot', async () => {
    const {outcome} = await compare(events([chunk('H')], {endless: true}), async (given) => {
      const stream = await createClient(given).chat.completions.create({...question, stream: true});
      for await (const part of stream) return part.choices[0]?.delta.content;
      return undefined;
    });
    expect(outcome).toBe('H');
  });

  it('is aborted by a signal before the answer', async () => {
    const {outcome} = await compare(silence, async (given) => {
      await createClient(given).chat.completions.create(question, {signal: given.signal});
    });
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining([APIUserAbortError.name])}});
  });

  it('uploads a file', async () => {
    const {requests} = await compare(json({id: 'file-1'}), async (given) => {
      const file = await toFile(Buffer.from('{"a": 1}\n'), 'data.jsonl');
      return (await createClient(given).files.create({file, purpose: 'fine-tune'})).id;
    });
    expect(requests).toMatchObject([{body: expect.stringContaining('filename="data.jsonl"')}]);
  });

  it.each([
    ['by default', undefined, 3],
    ['when told so', 0, 1],
  ])('throws its own error of a status after its own retries: %s', async (_when, maxRetries, count) => {
    const {outcome, requests} = await compare(
      failure,
      (given) => createClient(given, maxRetries).chat.completions.create(question),
      options,
    );
    expect(outcome).toMatchObject({
      thrown: {classes: expect.arrayContaining([InternalServerError.name]), status: 503},
    });
    expect(requests).toHaveLength(count);
  });

  it('takes a reset connection for an APIConnectionError', async () => {
    const {outcome, requests} = await compare(reset, (given) =>
      createClient(given, 0).chat.completions.create(question),
    );
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining([APIConnectionError.name])}});
    expect(requests).toHaveLength(1);
  });

  it('retries after a reset connection', async () => {
    const answer = inTurn(reset, json({choices: []}));
    const {requests} = await compare(
      answer,
      async (given) => (await createClient(given, 1).chat.completions.create(question)).choices,
      options,
    );
    expect(requests).toHaveLength(2);
  });

  it('rejects when a stream breaks', async () => {
    const answer = broken('data: {"choices": []}\n\n', {'content-type': 'text/event-stream'});
    const {outcome} = await compare(answer, async (given) => {
      const stream = await createClient(given).chat.completions.create({...question, stream: true});
      for await (const _ of stream);
    });
    expect(outcome).toHaveProperty('thrown');
  });
});
