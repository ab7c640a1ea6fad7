import {createOpenAI} from '@ai-sdk/openai';
import {APICallError, generateText, streamText, transcribe} from 'ai';
import {describe, expect, it} from 'vitest';
import {events, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

// Without this, the AI SDK prints a note about its warnings on the console.
Object.assign(globalThis, {AI_SDK_LOG_WARNINGS: false});

function modelOf({session, origin}: Given) {
  return createOpenAI({fetch: session.fetch, apiKey: 'key', baseURL: `${origin}/v1`}).chat('gpt');
}

const usage = {prompt_tokens: 1, completion_tokens: 1, total_tokens: 2};
const head = {id: 'chat-1', created: 1, model: 'gpt'};
const answered = {
  ...head,
  choices: [{index: 0, message: {role: 'assistant', content: 'Hi'}, finish_reason: 'stop'}],
  usage,
};

function chunk(content: string) {
  return [undefined, {...head, choices: [{index: 0, delta: {role: 'assistant', content}}]}] as const;
}

const stopped = [
  undefined,
  {...head, choices: [{index: 0, delta: {}, finish_reason: 'stop'}], usage},
] as const;
const failure = json({error: {message: 'busy', type: 'server_error'}}, 503, {'retry-after-ms': '1'});

describe('ai', () => {
  it('gets an answer', async () => {
    const {outcome, requests} = await compare(
      json(answered),
      async (given) => (await generateText({model: modelOf(given), prompt: 'Hello', maxRetries: 0})).text,
    );
    expect(outcome).toBe('Hi');
    expect(requests).toMatchObject([{method: 'POST', path: '/v1/chat/completions'}]);
  });

  it('reads an answer as it is streamed', async () => {
    const answer = events([chunk('H'), chunk('i'), stopped, [undefined, '[DONE]']]);
    const {outcome} = await compare(answer, async (given) => {
      const parts: string[] = [];
      const {textStream} = streamText({model: modelOf(given), prompt: 'Hello', maxRetries: 0});
      for await (const part of textStream) parts.push(part);
      return parts;
    });
    expect(outcome).toEqual(['H', 'i']);
  });

  it('aborts a stream by a signal, which frees its slot', async () => {
    const {outcome} = await compare(events([chunk('H')], {endless: true}), async (given) => {
      const controller = new AbortController();
      const types: string[] = [];
      const abortSignal = controller.signal;
      const {fullStream} = streamText({model: modelOf(given), prompt: 'Hello', maxRetries: 0, abortSignal});
      for await (const {type} of fullStream) {
        types.push(type);
        if (type === 'text-delta') controller.abort();
      }
      return types;
    });
    expect(outcome).toContain('abort');
  });

  it('is aborted by a signal before the answer', async () => {
    const {outcome} = await compare(silence, async (given) => {
      await generateText({model: modelOf(given), prompt: 'Hello', abortSignal: given.signal});
    });
    expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
  });

  it('uploads a file', async () => {
    const answer = json({text: 'Hi', language: 'english', duration: 1, segments: []});
    const {outcome, requests} = await compare(answer, async ({session, origin}) => {
      const provider = createOpenAI({fetch: session.fetch, apiKey: 'key', baseURL: `${origin}/v1`});
      const audio = new TextEncoder().encode('RIFF');
      return (await transcribe({model: provider.transcription('whisper-1'), audio, maxRetries: 0})).text;
    });
    expect(outcome).toBe('Hi');
    expect(requests).toMatchObject([{body: expect.stringContaining('RIFF')}]);
  });

  it.each([
    ['by default', undefined, 3, 'AI_RetryError'],
    ['when told so', 0, 1, 'AI_APICallError'],
  ])(
    'throws its own error of a status after its own retries: %s',
    async (_when, maxRetries, count, error) => {
      const {outcome, requests} = await compare(failure, (given) =>
        generateText({model: modelOf(given), prompt: 'Hello', ...(maxRetries === 0 && {maxRetries})}),
      );
      expect(outcome).toMatchObject({thrown: {error}});
      expect(requests).toHaveLength(count);
    },
  );

  it('takes a reset connection for an APICallError that may be retried', async () => {
    const {outcome} = await compare(reset, async (given) => {
      const error = await generateText({model: modelOf(given), prompt: 'Hello', maxRetries: 0}).catch(
        (e) => e,
      );
      return APICallError.isInstance(error) && error.isRetryable;
    });
    expect(outcome).toBe(true);
  });

  it('retries after a reset connection', async () => {
    const {requests} = await compare(
      inTurn(reset, json(answered)),
      async (given) => (await generateText({model: modelOf(given), prompt: 'Hello', maxRetries: 1})).text,
    );
    expect(requests).toHaveLength(2);
  });
});
