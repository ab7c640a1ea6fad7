import {spawnSync} from 'node:child_process';
import {readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The last change of a file, or of any file in a folder; `-Infinity` when there is none. */
function lastChange(path: string): number {
  const stats = statSync(join(root, path), {throwIfNoEntry: false});
  if (!stats) return -Infinity;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(-Infinity, ...readdirSync(join(root, path)).map((name) => lastChange(join(path, name))));
}

/**
 * Builds the package, unless `dist` is newer than the sources.
 *
 * @param declarations - Whether the declarations are needed as well. Without them, a build takes a few seconds.
 */
export function ensureBuilt({declarations}: {readonly declarations: boolean}): void {
  const sources = Math.max(...['src', 'package.json', 'tsup.config.ts'].map(lastChange));
  // Code and declarations are built separately, and each build may have failed.
  const outputs = ['dist/index.js', ...(declarations ? ['dist/index.d.ts'] : [])];
  if (Math.min(...outputs.map(lastChange)) > sources) return;
  process.stderr.write('Building the package …\n');
  build(root, declarations);
}

/** Builds the package in a folder that has its sources and its `node_modules`. */
export function build(folder: string, declarations: boolean): void {
  const tsup = join(folder, 'node_modules/tsup/dist/cli-default.js');
  const {status, stdout, stderr} = spawnSync(
    process.execPath,
    [tsup, ...(declarations ? [] : ['--no-dts'])],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`The build in ${folder} failed:\n${stdout}${stderr}`);
}
