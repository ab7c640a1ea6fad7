import {mkdtemp, readFile, rm} from 'node:fs/promises';
import type {RequestListener} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {extname, join} from 'node:path';
import {build} from 'vite';
import {root} from '../../../support/snippets.ts';

const types: Record<string, string> = {'.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css'};

/** Builds the page of the playground, and gives a listener that serves its files at `/`. */
export async function buildPage(
  isStaticSite: boolean,
): Promise<{serve: RequestListener; remove(): Promise<void>}> {
  const folder = await mkdtemp(join(tmpdir(), 'aiofetch-playground-'));
  await build({
    configFile: join(root, 'playground/vite.config.ts'),
    build: {outDir: folder},
    define: {isStaticSite},
    logLevel: 'error',
    mode: 'production',
  });
  return {
    async serve({url = ''}, response) {
      const {pathname} = new URL(url, 'http://site.test');
      const file = pathname === '/' ? 'index.html' : pathname;
      try {
        const content = await readFile(join(folder, file));
        response
          .writeHead(200, {'content-type': types[extname(file)] ?? 'application/octet-stream'})
          .end(content);
      } catch {
        response.writeHead(404).end();
      }
    },
    remove: () => rm(folder, {recursive: true, force: true}),
  };
}

/** Starts a server on a free port of loopback. */
export async function listen(listener: RequestListener): Promise<{origin: string; close(): void}> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
