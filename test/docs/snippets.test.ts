import {mkdir, rm, writeFile} from 'node:fs/promises';
import type {Server} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {markdownSnippets, redirected, root, sourceSnippets} from '../support/snippets.ts';
import type {Outcome} from './support/run-modules.ts';
import {runModules} from './support/run-modules.ts';

// Inside the package, so that `aiofetch` is this package.
const directory = join(root, 'test/docs/.snippets');
const readme = markdownSnippets('README.md');
const sources = sourceSnippets();

let server: Server;
let outcomes: ReadonlyMap<string, Outcome>;

function fileOf(where: string): string {
  return join(directory, `${where.replaceAll(/[^\w]+/g, '-')}.ts`);
}

/** A server for whatever the snippets request: it answers with what it was sent, as JSON. */
async function startServer(): Promise<string> {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.headers.accept === 'text/event-stream') {
        response.setHeader('content-type', 'text/event-stream');
        response.end('data: {"text": "upon"}\n\ndata: [DONE]\n\n');
        return;
      }
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({name: 'Ada', method: request.method, path: request.url, body}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const origin = await startServer();
  await rm(directory, {recursive: true, force: true});
  await mkdir(directory, {recursive: true});
  const files = [...readme, ...sources].map(async ({where, code}) => {
    const file = fileOf(where);
    const own = file.replace(/\.ts$/, '');
    await writeFile(file, redirected(code, origin).replaceAll("'/tmp/", `'${own}/`));
    return file;
  });
  outcomes = await runModules(await Promise.all(files));
}, 300_000);

afterAll(async () => {
  await rm(directory, {recursive: true, force: true});
  server.close();
});

describe.each([
  ['README', readme],
  ['a doc comment', sources],
])('a snippet of %s runs to its end', (_name, snippets) => {
  it('and there are several', () => expect(snippets.length).toBeGreaterThan(3));

  it.each(snippets.map(({where}) => where))('%s', (where) => {
    const outcome = outcomes.get(fileOf(where));
    expect(outcome).toBeDefined();
    if (outcome?.failure !== undefined) throw new Error(outcome.failure);
  });
});
