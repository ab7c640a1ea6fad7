import {describe, expect, it} from 'vitest';
import {createHash as createOnNode} from '../../../src/download/node-hash.ts';
import {createHash as createDefault} from '../../../src/download/web-hash.ts';
import {patternOf} from '../../support/file-server.ts';

describe.each(['sha-256', 'sha-384', 'sha-512'] as const)('%s', (algorithm) => {
  it('the hash is the same in Node and on the web, however the bytes are split', async () => {
    const bytes = patternOf(10_000);
    const onNode = createOnNode(algorithm);
    onNode.update(bytes);
    const elsewhere = await createDefault(algorithm);
    for (let at = 0; at < bytes.length; at += 77) elsewhere.update(bytes.subarray(at, at + 77));
    expect([...elsewhere.digest()]).toEqual([...onNode.digest()]);
  });
});
