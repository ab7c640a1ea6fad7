import {execFile} from 'node:child_process';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import type {Server} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Snippet} from '../support/snippets.ts';
import {markdownSnippets, redirected, root, sourceSnippets} from '../support/snippets.ts';

const run = promisify(execFile);
// A bound on what hangs; a busy machine may need a good part of it.
const snippetTime = 180_000;
// Inside the package, so that `aiofetch` is this package.
const directory = join(root, 'test/docs/.snippets');

let server: Server;
let origin: string;

/** Answers anything the examples ask for: what was sent comes back, as JSON. */
beforeAll(async () => {
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
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await rm(directory, {recursive: true, force: true});
  await mkdir(directory, {recursive: true});
});

afterAll(async () => {
  await rm(directory, {recursive: true, force: true});
  server.close();
});

async function execute(snippet: Snippet): Promise<void> {
  const name = snippet.where.replaceAll(/[^\w]+/g, '-');
  const file = join(directory, `${name}.ts`);
  // Several write files of the same name, and run at the same time.
  const own = join(directory, name);
  await mkdir(own);
  await writeFile(file, redirected(snippet.code, origin).replaceAll("'/tmp/", `'${own}/`));
  await run(process.execPath, ['--conditions=@aiofetch/source', file], {
    timeout: snippetTime,
    env: {...process.env, TMPDIR: own},
  });
}

describe.concurrent('what the README shows runs', {timeout: snippetTime + 5_000}, () => {
  const snippets = markdownSnippets('README.md');
  it('shows something', () => expect(snippets.length).toBeGreaterThan(1));
  it.each(snippets.map((snippet) => [snippet.where, snippet] as const))('%s', (_where, snippet) =>
    execute(snippet),
  );
});

describe.concurrent('what the doc comments show runs', {timeout: snippetTime + 5_000}, () => {
  const snippets = sourceSnippets();
  it('shows something', () => expect(snippets.length).toBeGreaterThan(3));
  it.each(snippets.map((snippet) => [snippet.where, snippet] as const))('%s', (_where, snippet) =>
    execute(snippet),
  );
});
