import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {readBetweenMarkers, replaceBetweenMarkers} from '../support/markers.ts';
import type {BundleSize} from './support/bundle-size.ts';
import {bundleSize} from './support/bundle-size.ts';
import {readSizes, renderSizes, versionOf} from './support/size-table.ts';
import {peers, tiers} from './support/tiers.ts';

/**
 * Measures what a browser has to load of this package and of its peers, and fails when a part of this package is larger
 * than it may be, or when README's table is older than the code.
 *
 *     npm run size
 *     npm run size -- --write      # brings README's table up to date
 *     npm run size -- --modules    # shows how much each source file adds
 *
 * @module
 */

const {values} = parseArgs({
  options: {write: {type: 'boolean', default: false}, modules: {type: 'boolean', default: false}},
});
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const section = 'sizes';
/** How far README's figures may be from the measured ones, in kB: small changes need no new table. */
const tolerance = 0.3;

const problems: string[] = [];
const rows: Array<{name: string; gzip: number}> = [];

for (const {name, code, client, limit} of tiers) {
  const modules = client && {'./client.ts': await client()};
  const size = await bundleSize(code, modules);
  console.log(`${inBytes(size.gzip)} gzip of ${inBytes(limit).trim()}  ${name}`);
  showParts(values.modules ? await bundleSize(code, modules, ['@aiofetch/source']) : size);
  rows.push({name, gzip: size.gzip});
  if (size.gzip > limit) problems.push(`${name}: ${size.gzip - limit} B over its limit of ${limit} B`);
  if (size.foreign.length > 0) problems.push(`${name}: imports ${size.foreign.join(', ')}`);
}
for (const {name, code} of peers) {
  const size = await bundleSize(code);
  const label = `${name} ${versionOf(name)}`;
  console.log(`${inBytes(size.gzip)} gzip  ${label}`);
  rows.push({name: label, gzip: size.gzip});
}

const table = renderSizes(rows);
console.log(`\n${table}`);

if (values.write) {
  writeFileSync(readme, replaceBetweenMarkers(readFileSync(readme, 'utf8'), table, section));
} else {
  const written = readSizes(readBetweenMarkers(readFileSync(readme, 'utf8'), section));
  const measured = readSizes(table);
  for (const name of new Set([...written.keys(), ...measured.keys()])) {
    const difference = Math.abs((written.get(name) ?? 0) - (measured.get(name) ?? 0));
    if (difference <= tolerance) continue;
    problems.push(
      `${name}: README says ${shown(written.get(name))}, measured is ${shown(measured.get(name))}`,
    );
  }
}

if (problems.length > 0) {
  console.error(`\n${problems.join('\n')}`);
  console.error('\n`npm run size -- --write` brings the table in README up to date.');
  process.exitCode = 1;
}

function inBytes(count: number): string {
  return `${String(count).padStart(7)} B`;
}

function shown(kilobytes: number | undefined): string {
  return kilobytes === undefined ? 'nothing' : `${kilobytes.toFixed(1)} kB`;
}

function showParts({parts}: BundleSize): void {
  for (const [name, count] of [...parts].sort((a, b) => b[1] - a[1])) {
    if (count > 0) console.log(`${' '.repeat(10)}${inBytes(count)} before minifying  ${name}`);
  }
}
