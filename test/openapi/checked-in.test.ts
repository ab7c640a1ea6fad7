import {readFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {fromOpenApi} from '../../src/openapi/index.ts';

it('the client in examples/galaxy is what its document generates today', async () => {
  const {code} = await fromOpenApi(new URL(import.meta.resolve('@scalar/galaxy/3.1.yaml')));
  expect(await readFile(new URL('../../examples/galaxy/client.ts', import.meta.url), 'utf8')).toBe(code);
});
