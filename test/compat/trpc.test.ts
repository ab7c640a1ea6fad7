import {
  createTRPCClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  retryLink,
  splitLink,
} from '@trpc/client';
import {initTRPC, TRPCError} from '@trpc/server';
import {fetchRequestHandler} from '@trpc/server/adapters/fetch';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {fromHandler, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare} from './support/compare.ts';

const {procedure, router} = initTRPC.create();
const app = router({
  greet: procedure.input(z.string()).query(({input}) => `Hello ${input}`),
  rename: procedure.input(z.object({name: z.string()})).mutation(({input}) => input.name),
  upload: procedure
    .input(z.instanceof(FormData))
    .mutation(async ({input}) => (input.get('file') as File).text()),
  refuse: procedure.query(() => {
    throw new TRPCError({code: 'FORBIDDEN', message: 'no'});
  }),
  count: procedure.query(async function* () {
    yield 1;
    yield 2;
  }),
  forever: procedure.query(async function* ({signal}) {
    yield 1;
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  }),
});
const answer = fromHandler((request) =>
  fetchRequestHandler({endpoint: '/trpc', router: app, req: request, onError() {}}),
);

function createClient({session, origin}: Given, isStreamed = false) {
  const url = `${origin}/trpc`;
  const batch = isStreamed
    ? httpBatchStreamLink({url, fetch: session.fetch})
    : httpBatchLink({url, fetch: session.fetch});
  return createTRPCClient<typeof app>({
    links: [
      splitLink({
        condition: ({input}) => input instanceof FormData,
        true: httpLink({url, fetch: session.fetch}),
        false: batch,
      }),
    ],
  });
}

describe('@trpc/client', () => {
  it('sends queries together, and a mutation', async () => {
    const {outcome, requests} = await compare(answer, async (given) => {
      const client = createClient(given);
      const greetings = await Promise.all([client.greet.query('Ada'), client.greet.query('Zoë')]);
      return [...greetings, await client.rename.mutate({name: 'Grace'})];
    });
    expect(outcome).toEqual(['Hello Ada', 'Hello Zoë', 'Grace']);
    expect(requests.map(({method}) => method)).toEqual(['GET', 'POST']);
  });

  it('reads results as they are streamed', async () => {
    const {outcome} = await compare(answer, async (given) => {
      const results: number[] = [];
      for await (const result of await createClient(given, true).count.query()) results.push(result);
      return results;
    });
    expect(outcome).toEqual([1, 2]);
  });

  it('aborts a stream by a signal, which frees its slot', async () => {
    const {outcome} = await compare(answer, async (given) => {
      const controller = new AbortController();
      const {signal} = controller;
      const results: number[] = [];
      for await (const result of await createClient(given, true).forever.query(undefined, {signal})) {
        results.push(result);
        controller.abort();
      }
      return results;
    });
    expect(outcome).toMatchObject({thrown: {error: 'AbortError'}});
  });

  it('is aborted by a signal before the answer', async () => {
    const {outcome} = await compare(silence, async (given) => {
      await createClient(given).greet.query('Ada', {signal: given.signal});
    });
    expect(outcome).toMatchObject({thrown: {classes: ['TRPCClientError']}});
  });

  it('uploads a form', async () => {
    const {outcome} = await compare(answer, (given) => {
      const form = new FormData();
      form.append('file', new File(['content'], 'a.txt'));
      return createClient(given).upload.mutate(form);
    });
    expect(outcome).toBe('content');
  });

  it('throws its own error of a procedure and of a status', async () => {
    const refused = await compare(answer, (given) => createClient(given).refuse.query());
    expect(refused.outcome).toMatchObject({thrown: {classes: ['TRPCClientError'], message: 'no'}});
    const failed = await compare(json({}, 503), (given) => createClient(given).greet.query('Ada'));
    expect(failed.outcome).toMatchObject({thrown: {classes: ['TRPCClientError']}});
    expect(failed.requests).toHaveLength(1);
  });

  it('takes a reset connection for its own error, and retries after it with its own link', async () => {
    const {outcome, requests} = await compare(reset, (given) => createClient(given).greet.query('Ada'));
    expect(outcome).toMatchObject({thrown: {classes: ['TRPCClientError'], cause: {isNetworkError: true}}});
    expect(requests).toHaveLength(1);
    const retried = await compare(inTurn(reset, answer), ({session, origin}) => {
      const links = [
        retryLink<typeof app>({retry: ({attempts}) => attempts < 3}),
        httpBatchLink({url: `${origin}/trpc`, fetch: session.fetch}),
      ];
      return createTRPCClient<typeof app>({links}).greet.query('Ada');
    });
    expect([retried.outcome, retried.requests.length]).toEqual(['Hello Ada', 2]);
  });
});
