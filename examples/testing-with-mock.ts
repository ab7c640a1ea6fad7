/**
 * Tests of code that uses aiofetch, with the mock connector: a function answers, and the requests are recorded. Slots,
 * timeouts and errors are those of a real connector. It works in every runtime, for any number of sessions at once.
 *
 *     npm run example testing-with-mock
 */
import assert from 'node:assert/strict';
import {ConnectionError, TimeoutError} from 'aiofetch';
import {mockConnector} from 'aiofetch/mock';
import {createDirectory} from './support/directory.ts';
import {runDirectly} from './support/run-directly.ts';

/** In a project these would be `test()`s of its test runner. */
const tests = {
  async 'a name is found'() {
    const connector = mockConnector(() => ({name: 'Ada'}));
    await using directory = createDirectory({connector});

    assert.equal(await directory.nameOf(1), 'Ada');
    assert.equal(connector.calls[0]?.url, 'https://directory.example.com/people/1');
  },

  async 'the name of a missing person is undefined'() {
    const connector = mockConnector(() => new Response(null, {status: 404}));
    await using directory = createDirectory({connector});

    assert.equal(await directory.nameOf(2), undefined);
  },

  async 'a new name is sent'() {
    const connector = mockConnector(({url}) => ({url}));
    await using directory = createDirectory({connector});

    await directory.rename(1, 'Grace');
    const [call] = connector.calls;
    assert.equal(call?.method, 'PATCH');
    assert.deepEqual(await call.json(), {name: 'Grace'});
  },

  async 'a broken network rejects with its error code'() {
    const connector = mockConnector(() => {
      throw new ConnectionError('Connection was reset', 'receive', {code: 'ECONNRESET'});
    });
    await using directory = createDirectory({connector});

    await assert.rejects(directory.rename(1, 'Grace'), {code: 'ECONNRESET'});
  },

  async 'a server that never answers runs into the timeout'() {
    const connector = mockConnector(() => new Promise(() => {}));
    await using directory = createDirectory({connector, timeout: 50});

    await assert.rejects(directory.nameOf(1), TimeoutError);
  },
};

export async function main(): Promise<string[]> {
  for (const [name, test] of Object.entries(tests)) {
    await test();
    console.log(`✓ ${name}`);
  }
  return Object.keys(tests);
}

await runDirectly(import.meta, main);
