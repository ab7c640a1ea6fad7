import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, expect, it} from 'vitest';
import {startServer} from '../support/http-server.ts';

const file = join(import.meta.dirname, '.readme.js');

afterEach(() => rmSync(file, {force: true}));

it('the example of README’s chapter about SDKs runs', async () => {
  const server = await startServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end('{"data": []}');
  });
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, code = ''] = /^## Under an SDK\n[\s\S]*?```js\n([\s\S]*?)```/m.exec(readme) ?? [];
  const own = code
    .replace("'aiofetch'", "'../../src/index.ts'")
    .replace('https://api.example.com', server.origin);
  writeFileSync(file, own);
  await import(file);
  expect(server.requests).toMatchObject([{method: 'GET', path: '/v1/models'}]);
});
