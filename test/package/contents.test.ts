import {readFile} from 'node:fs/promises';
import {join, posix} from 'node:path';
import {expect, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import {whenPacked} from './support/when-packed.ts';

const {files, project} = await whenPacked();
const folder = join(project, 'node_modules/aiofetch');

test('the tarball contains the build, its sources and the documents, and nothing else', () => {
  const expected = [
    /^(?:package\.json|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE)$/,
    // The build, without tests and without the files of tools.
    /^dist\/[\w-]+(?:\.d-[\w-]+)?\.(?:d\.ts|js|js\.map)$/,
    /^src\/(?:[a-z\d-]+\/)*[a-z\d-]+\.ts$/,
  ];
  expect(files.filter((file) => !expected.some((pattern) => pattern.test(file)))).toEqual([]);
  for (const paper of ['package.json', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE'])
    expect(files).toContain(paper);
});

test('the tarball contains every file that package.json names', () => {
  const targets = [manifest.exports, manifest.imports, manifest.bin].flatMap(targetsOf);
  expect(targets.length).toBeGreaterThan(10);
  expect(targets.filter((target) => !files.includes(posix.normalize(target)))).toEqual([]);
});

test('every source map names sources that are in the tarball', async () => {
  const maps = files.filter((file) => file.endsWith('.map'));
  expect(maps.length).toBeGreaterThan(4);
  for (const map of maps) {
    const {sources} = JSON.parse(await readFile(join(folder, map), 'utf8')) as {sources: string[]};
    for (const source of sources) expect(files).toContain(posix.join('dist', source));
  }
});

test('the build imports only declared dependencies', async () => {
  const imported = new Set<string>();
  for (const file of files.filter((name) => /^dist\/.*\.(?:js|d\.ts)$/.test(name))) {
    const code = await readFile(join(folder, file), 'utf8');
    for (const [, name = ''] of code.matchAll(/^(?:import|export)\b[^;]*?\bfrom ['"]([^'"]+)['"]/gm)) {
      if (!/^(?:\.|#|node:)/.test(name)) imported.add(/^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
    }
  }
  expect(imported.size).toBeGreaterThan(0);
  const declared = Object.keys({...manifest.dependencies, ...manifest.peerDependencies});
  expect(declared).toEqual(expect.arrayContaining([...imported]));
});

test('the package has no install script', () => {
  expect(Object.keys(manifest.scripts).filter((name) => /install|prepare$/.test(name))).toEqual([]);
});

function targetsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Object.values(value as object).flatMap(targetsOf);
}
