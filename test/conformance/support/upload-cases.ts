import type {SessionOptions} from 'aiofetch';
import {createSession} from 'aiofetch';
import type {ConformanceCase} from 'aiofetch/conformance';
import {fetchConnector} from 'aiofetch/fetch';
import type {EntryConfig} from './entry.ts';
import {check, rejects} from './option-cases.ts';

const connectors: Readonly<Record<string, () => SessionOptions>> = {
  'the default connector': () => ({}),
  fetchConnector: () => ({connector: fetchConnector()}),
};

/** Checks what a page does with uploads over HTTP/1.1, over which no browser sends a stream. */
export function uploadCases({server}: EntryConfig): ConformanceCase[] {
  const [origin] = server.origins;

  async function refused(options: SessionOptions, init: object, option: string): Promise<void> {
    const room = crypto.randomUUID();
    const session = createSession({retry: false, ...options});
    try {
      const sent = session.fetch(`${origin}/echo?room=${room}`, {method: 'POST', ...init});
      const error = (await rejects(sent, 'UnsupportedOptionError')) as Error & {option?: string};
      check(error.option === option, `the option ${option}, not ${error.option}`);
      const stats = await (await fetch(`${server.control}/room?room=${room}`)).json();
      check(stats.arrivals.length === 0, `no request, not ${stats.arrivals.length}`);
    } finally {
      await session.destroy();
    }
  }

  return Object.entries(connectors).flatMap(([name, options]) => [
    {
      topic: 'uploads of pages',
      name: `onUploadProgress is refused over HTTP/1.1 before anything is sent, with ${name}`,
      run: () => refused(options(), {body: 'text', onUploadProgress: () => undefined}, 'onUploadProgress'),
    },
    {
      topic: 'uploads of pages',
      name: `a stream is refused over HTTP/1.1 before anything is sent, with ${name}`,
      run: () => refused(options(), {body: new ReadableStream()}, 'body'),
    },
  ]);
}
