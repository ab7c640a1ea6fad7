import {directive, textOf} from './literals.ts';

/** The contents of a doc comment. */
export interface Documented {
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly deprecated?: boolean | undefined;
  readonly default?: unknown;
  readonly format?: string | undefined;
  readonly see?: string | undefined;
}

/** A doc comment and a line break; `''` when the comment would be empty. */
export function docComment(documented: Documented): string {
  const {summary, description, deprecated, format, see} = documented;
  const paragraphs = [
    summary,
    description === summary ? undefined : description,
    format && `Format: ${textOf(format)}.`,
  ]
    .map((text) => (text === undefined ? '' : textOf(text).trim()))
    .filter((text) => text);
  const tags = [
    ...(documented.default === undefined ? [] : [`@default ${inline(documented.default)}`]),
    ...(see ? [`@see {@link ${textOf(see).replaceAll(/\s+/g, ' ')}}`] : []),
    ...(deprecated ? ['@deprecated'] : []),
  ];
  const lines = paragraphs.flatMap((text, index) => [
    ...(index > 0 ? [''] : []),
    // A line of prose that begins with "@" would become a tag.
    ...text.split(/\r\n|[\r\n\u2028\u2029]/).map((line) => line.trimEnd().replace(/^(\s*)@/, '$1\\@')),
  ]);
  if (tags.length > 0) lines.push(...(lines.length > 0 ? [''] : []), ...tags);
  const safe = lines.map((line) => withoutDirectives(line.replaceAll(unseen, '')).replaceAll('*/', '*\\/'));
  if (safe.length === 0) return '';
  if (safe.length === 1) return `/** ${safe[0]} */\n`;
  return `/**\n${safe.map((line) => (line === '' ? ' *' : ` * ${line}`)).join('\n')}\n */\n`;
}

/** Control characters, and characters that make an editor show the text of a line in another order (Unicode, UAX 9). */
const unseen = /[^\P{Cc}\t]|[\u202a-\u202e\u2066-\u2069]/gu;

/** Breaks up `sourceMappingURL=` and the like, which debuggers and bundlers look for in all comments of a file. */
function withoutDirectives(line: string): string {
  return line.replaceAll(directive, '$& ');
}

function inline(value: unknown): string {
  return JSON.stringify(value).replaceAll(/\s+/g, ' ');
}

/** Indents all lines of a text but the first. */
export function indent(text: string): string {
  return text.replaceAll(/\n(?=[^\n])/g, '\n  ');
}

/** A type as it is written after a colon or an equals sign. */
export function afterColon(type: string): string {
  return type.startsWith('|') ? `\n  ${indent(type)}` : ` ${type}`;
}

/** A type in brackets. */
export function enclosed(open: string, type: string, close: string): string {
  return type.startsWith('|') ? `${open}\n  ${indent(type)}\n${close}` : `${open}${type}${close}`;
}
