import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {MockHandler} from 'aiofetch/mock';
import {mockConnector} from 'aiofetch/mock';
import type {Order} from '../src/index.ts';
import {createAcme} from '../src/index.ts';

const order: Order = {id: 'o1', sku: 'anvil', quantity: 1, status: 'open'};

/** A client that nothing is sent for. */
function acmeOn(handler: MockHandler) {
  const connector = mockConnector(handler);
  return {acme: createAcme({token: 'token', retry: false, connector}), calls: connector.calls};
}

test('gets an order, with its token', async () => {
  const {acme, calls} = acmeOn(() => order);
  assert.deepEqual(await acme.orders.get({path: {id: 'o1'}}), order);
  assert.equal(calls[0]?.url, 'https://api.acme.example/v1/orders/o1');
  assert.equal(calls[0]?.headers.get('authorization'), 'Bearer token');
});

test('goes through the pages of orders', async () => {
  const {acme, calls} = acmeOn(({url}) =>
    url.includes('cursor') ? {data: [order], next_cursor: null} : {data: [order, order], next_cursor: 'next'},
  );
  let count = 0;
  for await (const {id} of acme.orders.list({query: {status: 'open'}})) count += id === 'o1' ? 1 : 0;
  assert.equal(count, 3);
  assert.equal(calls[1]?.url, 'https://api.acme.example/v1/orders?status=open&cursor=next');
});

test('orders with a key, so that it can be sent again', async () => {
  const {acme, calls} = acmeOn(() => order);
  await acme.orders.create({body: {sku: 'anvil', quantity: 1}});
  assert.match(calls[0]?.headers.get('idempotency-key') ?? '', /./);
  assert.deepEqual(await calls[0]?.json(), {sku: 'anvil', quantity: 1});
});

test('tells what was wrong with an order', async () => {
  const problem = {title: 'Invalid', fields: {quantity: 'must be positive'}};
  const {acme} = acmeOn(() => Response.json(problem, {status: 422}));
  const error = await acme.orders
    .create({body: {sku: 'anvil', quantity: 0}})
    .catch((reason: unknown) => reason);
  assert.ok(acme.orders.create.isError(error) && error.status === 422);
  assert.equal(error.data.fields['quantity'], 'must be positive');
});

test('closes what it has opened', async () => {
  const {acme} = acmeOn(() => order);
  await acme.close();
  await assert.rejects(acme.orders.get({path: {id: 'o1'}}), {name: 'SessionClosedError'});
});
