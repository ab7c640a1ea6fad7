import {spawnSync} from 'node:child_process';
import {readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The youngest of a file, or of all in a folder; `-Infinity` when there is none. */
function lastChange(path: string): number {
  const stats = statSync(join(root, path), {throwIfNoEntry: false});
  if (!stats) return -Infinity;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(-Infinity, ...readdirSync(join(root, path)).map((name) => lastChange(join(path, name))));
}

/** Builds what ships, unless what is there was built from the sources as they are. */
export function ensureBuilt(): void {
  const sources = Math.max(...['src', 'package.json', 'tsup.config.ts'].map(lastChange));
  // Code and declarations are built apart, and either may have failed.
  if (Math.min(...['dist/index.js', 'dist/index.d.ts'].map(lastChange)) > sources) return;
  process.stderr.write('Building what ships …\n');
  // A shell, since npm is a .cmd file on Windows; nothing in the command is from outside.
  const {status, stdout, stderr} = spawnSync('npm run --silent build', {
    cwd: root,
    shell: true,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The build failed:\n${stdout}${stderr}`);
}
