import {readFileSync} from 'node:fs';
import {expect, it} from 'vitest';
import {readSizes, renderSizes, versionOf} from '../../package/support/size-table.ts';
import {peers} from '../../package/support/tiers.ts';
import {readBetweenMarkers} from '../../support/markers.ts';

it('sizes that are written as a table are read back in kB', () => {
  const table = renderSizes([
    {name: 'a', gzip: 33_394},
    {name: 'b 1.0', gzip: 950},
  ]);
  expect(table).toContain('| a | 33.4 |');
  expect([...readSizes(table)]).toEqual([
    ['a', 33.4],
    ['b 1.0', 0.9],
  ]);
});

it('the table of sizes in README names the versions of the peers that are installed', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const sizes = readSizes(readBetweenMarkers(readme, 'sizes'));
  expect([...sizes.keys()]).toEqual(
    expect.arrayContaining(peers.map(({name}) => `${name} ${versionOf(name)}`)),
  );
});
