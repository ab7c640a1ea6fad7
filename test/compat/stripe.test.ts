import Stripe from 'stripe';
import {describe, expect, it} from 'vitest';
import {broken, endless, inTurn, json, reset, silence} from './support/answers.ts';
import type {Given} from './support/compare.ts';
import {compare, runOnBoth} from './support/compare.ts';

const key = 'sk_test';

function createClient({session, port}: Given, maxNetworkRetries?: number) {
  return new Stripe(key, {
    httpClient: Stripe.createFetchHttpClient(session.fetch),
    ...(maxNetworkRetries !== undefined && {maxNetworkRetries}),
    host: '127.0.0.1',
    port,
    protocol: 'http',
    telemetry: false,
  });
}

const options = {volatile: ['idempotency-key', 'x-stripe-client-user-agent']};

describe('stripe', () => {
  it('creates, reads and deletes resources', async () => {
    const {outcome, requests} = await compare(
      json({id: 'cus_1'}),
      async (given) => {
        const {customers} = createClient(given);
        const {id} = await customers.create({email: 'ada@example.com', metadata: {a: 'b'}});
        await customers.retrieve(id);
        await customers.del(id);
        return id;
      },
      options,
    );
    expect(outcome).toBe('cus_1');
    expect(requests.map(({method, path}) => `${method} ${path}`)).toEqual([
      'POST /v1/customers',
      'GET /v1/customers/cus_1',
      'DELETE /v1/customers/cus_1',
    ]);
  });

  it('reads all pages', async () => {
    const page = (id: string, has_more: boolean) =>
      json({object: 'list', url: '/v1/customers', has_more, data: [{id}]});
    const {outcome} = await compare(
      inTurn(page('cus_1', true), page('cus_2', false)),
      async (given) => {
        const ids: string[] = [];
        for await (const {id} of createClient(given).customers.list({limit: 1})) ids.push(id);
        return ids;
      },
      options,
    );
    expect(outcome).toEqual(['cus_1', 'cus_2']);
  });

  it('gives a file as a stream, which frees its slot when it is cancelled', async () => {
    const {outcome} = await compare(
      endless('%PDF'),
      async (given) => {
        const stream = (await createClient(given).quotes.pdf(
          'qt_1',
        )) as unknown as ReadableStream<Uint8Array>;
        const reader = stream.getReader();
        const {value} = await reader.read();
        await reader.cancel();
        return value;
      },
      options,
    );
    expect(outcome).toBe('%PDF');
  });

  it('uploads a file', async () => {
    const {requests} = await compare(
      json({id: 'file_1'}),
      async (given) => {
        const file = {data: Buffer.from('content'), name: 'a.txt', type: 'text/plain'};
        return (await createClient(given).files.create({purpose: 'dispute_evidence', file})).id;
      },
      options,
    );
    expect(requests).toMatchObject([{path: '/v1/files', body: expect.stringContaining('filename="a.txt"')}]);
  });

  it('gives up after its own timeout, which frees the slot', async () => {
    const {outcome} = await compare(
      silence,
      (given) => createClient(given).customers.retrieve('cus_1', {}, {timeout: 50}),
      {byClock: true},
    );
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining(['StripeConnectionError'])}});
  });

  it('throws its own error of a status', async () => {
    const {outcome, requests} = await compare(
      json({error: {type: 'card_error', code: 'card_declined', message: 'declined'}}, 402),
      (given) => createClient(given).charges.create({amount: 1, currency: 'eur'}),
      options,
    );
    expect(outcome).toMatchObject({
      thrown: {classes: expect.arrayContaining(['StripeCardError']), statusCode: 402},
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['by default', undefined, 3],
    ['when told so', 0, 1],
  ])('throws its own error of a status after its own retries: %s', async (_when, retries, count) => {
    const {outcome, requests} = await compare(
      json({error: {type: 'api_error'}}, 503),
      (given) => createClient(given, retries).customers.create({}),
      options,
    );
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining(['StripeAPIError'])}});
    expect(requests).toHaveLength(count);
  });

  it('does as stripe-should-retry says', async () => {
    for (const [advice, count] of [
      ['false', 1],
      ['true', 2],
    ] as const) {
      const {requests} = await compare(
        json({error: {type: 'api_error'}}, 402, {'stripe-should-retry': advice}),
        (given) => createClient(given, 1).customers.create({}),
        options,
      );
      expect(requests).toHaveLength(count);
    }
  });

  it('takes a reset connection for a StripeConnectionError', async () => {
    const {outcome} = await compare(
      broken('{', {'content-type': 'application/json'}),
      (given) => createClient(given).customers.create({}),
      options,
    );
    expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining(['StripeConnectionError'])}});
  });

  it('retries a reset connection once more than built-in fetch lets it, as with its own client of Node', async () => {
    const {builtIn, session} = await runOnBoth(
      reset,
      (given) => createClient(given, 0).customers.create({}),
      options,
    );
    for (const {outcome} of [builtIn, session]) {
      expect(outcome).toMatchObject({thrown: {classes: expect.arrayContaining(['StripeConnectionError'])}});
    }
    // Stripe retries ECONNRESET once, whatever `maxNetworkRetries` is, and looks for the code on the error itself.
    expect([builtIn.requests.length, session.requests.length]).toEqual([1, 2]);
    expect(session.requests[1]).toEqual(session.requests[0]);
  });

  it('retries after a reset connection', async () => {
    const {requests} = await compare(
      inTurn(reset, json({id: 'cus_1'})),
      async (given) => (await createClient(given, 1).customers.create({})).id,
      options,
    );
    expect(requests).toHaveLength(2);
  });
});
