/**
 * Tests of code that uses aiofetch, with msw (https://mswjs.io): its handlers answer all requests of the process, and the
 * code under test stays as it is, with the session that it makes. While msw listens, the default connector sends through
 * the global `fetch`, which msw has replaced; before and after that, it sends through its pool.
 *
 *     npm run example testing-with-msw
 */
import assert from 'node:assert/strict';
import {ConnectionError} from 'aiofetch';
import {HttpResponse, http} from 'msw';
import {setupServer} from 'msw/node';
import {createDirectory} from './support/directory.ts';
import {runDirectly} from './support/run-directly.ts';

const person = 'https://directory.example.com/people/:id';

const server = setupServer(
  http.get(person, ({params}) =>
    params['id'] === '1' ? HttpResponse.json({name: 'Ada'}) : new HttpResponse(null, {status: 404}),
  ),
);

/** In a project these would be `test()`s of its test runner. */
const tests = {
  async 'a name is found'() {
    await using directory = createDirectory();

    assert.equal(await directory.nameOf(1), 'Ada');
  },

  async 'the name of a missing person is undefined'() {
    await using directory = createDirectory();

    assert.equal(await directory.nameOf(2), undefined);
  },

  async 'a new name is sent'() {
    let sent: unknown;
    server.use(
      http.patch(person, async ({request}) => {
        sent = await request.json();
        return HttpResponse.json({});
      }),
    );
    await using directory = createDirectory();

    await directory.rename(1, 'Grace');
    assert.deepEqual(sent, {name: 'Grace'});
  },

  async 'a broken network rejects with a ConnectionError'() {
    server.use(http.patch(person, () => HttpResponse.error()));
    await using directory = createDirectory();

    await assert.rejects(directory.rename(1, 'Grace'), ConnectionError);
  },
};

export async function main(): Promise<string[]> {
  // In a test runner, these calls belong in `beforeAll`, `afterEach` and `afterAll`.
  server.listen({onUnhandledFrame: 'error'});
  try {
    for (const [name, test] of Object.entries(tests)) {
      await test();
      server.resetHandlers();
      console.log(`✓ ${name}`);
    }
  } finally {
    server.close();
  }
  return Object.keys(tests);
}

await runDirectly(import.meta, main);
