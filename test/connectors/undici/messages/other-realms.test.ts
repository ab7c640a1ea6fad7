import {runInNewContext} from 'node:vm';
import {expect, it} from 'vitest';
import {createSession} from '../../../../src/index.ts';
import {bodyOf, startServer} from '../../../support/http-server.ts';

it('bytes of another realm are sent over the pool: at once, as chunks of a stream and of a generator', async () => {
  const server = await startServer(async (request, response) => response.end(await bodyOf(request)));
  await using session = createSession();
  const bytes = () => runInNewContext('Uint8Array.of(97, 98, 99)') as Uint8Array<ArrayBuffer>;
  async function* chunks() {
    yield bytes();
  }
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes());
      controller.close();
    },
  });
  for (const body of [bytes(), bytes().buffer, stream, chunks()])
    expect(await session.post(server.origin, {body}).text()).toBe('abc');
});
