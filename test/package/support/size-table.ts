import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

interface Row {
  readonly name: string;
  /** Bytes after gzip. */
  readonly gzip: number;
}

/** The sizes as a table in Markdown, in kB of 1,000 bytes. */
export function renderSizes(rows: readonly Row[]): string {
  const lines = rows.map(({name, gzip}) => `| ${name} | ${(gzip / 1_000).toFixed(1)} |`);
  return ['| bundled for a browser by Vite | kB, gzip |', '| --- | ---: |', ...lines].join('\n');
}

/** The sizes that a table of {@link renderSizes} has, in kB by name. */
export function readSizes(table: string): Map<string, number> {
  const lines = table.split('\n').slice(2);
  return new Map(
    lines.map((line) => {
      const [, name = '', size = ''] = line.split('|').map((cell) => cell.trim());
      return [name, Number(size)];
    }),
  );
}

/** The version of a package that is installed here. */
export function versionOf(name: string): string {
  const file = fileURLToPath(new URL(`../../../node_modules/${name}/package.json`, import.meta.url));
  return (JSON.parse(readFileSync(file, 'utf8')) as {version: string}).version;
}
