/**
 * Runs an example by its name, on the Node that runs this file, or lists the examples.
 *
 *     npm run example [name] [argument...]
 */
import {spawn} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';

const folder = join(import.meta.dirname, '..');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));

/** What the example's first comment says before its first full stop or colon. */
function subjectOf(name: string): string {
  const [, comment = ''] =
    /^\/\*\*\n([\s\S]*?)\*\//.exec(readFileSync(join(folder, `${name}.ts`), 'utf8')) ?? [];
  return /^.*?(?=[.:](?:\s|$))/.exec(comment.replaceAll(/\s*\n?\s+\* ?/g, ' ').trim())?.[0] ?? '';
}

function list(): string {
  const width = Math.max(...names.map(({length}) => length));
  return names.map((name) => `  ${name.padEnd(width)}  ${subjectOf(name)}\n`).join('');
}

const [given, ...rest] = process.argv.slice(2);
const name = given === undefined ? undefined : basename(given, '.ts');
if (name === undefined) {
  console.log(`npm run example NAME [URL]\n\n${list()}`);
} else if (names.includes(name)) {
  const args = [...process.execArgv, join(folder, `${name}.ts`), ...rest];
  const child = spawn(process.execPath, args, {stdio: 'inherit'});
  // Ctrl-C reaches the example too, which decides how it ends.
  process.on('SIGINT', () => undefined);
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  console.error(`There is no example "${given}". Choose one of these:\n\n${list()}`);
  process.exitCode = 2;
}
