import type {ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Told, Work} from './work.ts';

/** Where a runtime fetches its work, and the page that a browser opens. */
export interface Desk {
  readonly origin: string;
  /** Gives out work, and resolves to what the runtime tells of it. */
  ask(work: Work): Promise<Told>;
  close(): Promise<void>;
}

/** Opens a desk for one runtime. @param bundle - the module of the page */
export async function openDesk(bundle = ''): Promise<Desk> {
  let next: Work | undefined;
  let waiting: ServerResponse | undefined;
  let tell: ((told: Told) => void) | undefined;

  function giveOut(): void {
    if (!next || !waiting) return;
    waiting.end(JSON.stringify(next));
    next = undefined;
    waiting = undefined;
  }

  const server = createServer(async (request, response) => {
    switch (request.url) {
      case '/next': {
        let body = '';
        for await (const chunk of request.setEncoding('utf8')) body += chunk;
        waiting = response;
        const told = JSON.parse(body) as Told | null;
        if (told) tell?.(told);
        giveOut();
        break;
      }
      case '/page.js':
        response.setHeader('content-type', 'text/javascript');
        response.end(bundle);
        break;
      default:
        response.setHeader('content-type', 'text/html');
        response.end(
          '<!doctype html><title>Benchmark</title><body><script type="module" src="page.js"></script>',
        );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ask: (work) =>
      new Promise((resolve) => {
        tell = resolve;
        next = work;
        giveOut();
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
