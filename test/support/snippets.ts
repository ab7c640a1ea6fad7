import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** A TypeScript block of the documentation. */
export interface Snippet {
  /** Its place: file and line. */
  readonly where: string;
  readonly code: string;
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The TypeScript blocks of a Markdown file. */
export function markdownSnippets(file: string): Snippet[] {
  return fencedBlocks(file, readFileSync(join(root, file), 'utf8'));
}

/** The TypeScript blocks of every doc comment in the sources. */
export function sourceSnippets(): Snippet[] {
  const files = readdirSync(join(root, 'src'), {recursive: true, encoding: 'utf8'}).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.sort().flatMap((file) => {
    const text = readFileSync(join(root, 'src', file), 'utf8');
    // Lines of doc comments begin with an asterisk. All other lines stay as empty lines, so that line numbers stay right.
    const comments = text
      .split('\n')
      .map((line) => /^\s*\* ?(.*)$/.exec(line)?.[1] ?? '')
      .join('\n');
    return fencedBlocks(`src/${file}`, comments);
  });
}

function fencedBlocks(file: string, text: string): Snippet[] {
  const snippets: Snippet[] = [];
  for (const match of text.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
    const line = text.slice(0, match.index).split('\n').length + 1;
    snippets.push({where: `${file}:${line}`, code: match[1] as string});
  }
  return snippets;
}

/** The same code with `origin` in place of the hosts of the examples. */
export function redirected(code: string, origin: string): string {
  return code.replaceAll(/https:\/\/(?:[a-z]+\.)?example\.com/g, origin);
}
