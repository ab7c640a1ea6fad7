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

/** Builds the package, unless `dist` is newer than the sources. */
export function ensureBuilt(): void {
  const sources = Math.max(...['src', 'package.json', 'tsup.config.ts'].map(lastChange));
  // Code and declarations are built separately, and each build may have failed.
  if (Math.min(...['dist/index.js', 'dist/index.d.ts'].map(lastChange)) > sources) return;
  process.stderr.write('Building the package …\n');
  // Use a shell, because npm is a .cmd file on Windows. The command has no parts from outside.
  const {status, stdout, stderr} = spawnSync('npm run --silent build', {
    cwd: root,
    shell: true,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The build failed:\n${stdout}${stderr}`);
}
