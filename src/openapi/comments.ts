/** What a doc comment says. */
export interface Documented {
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly deprecated?: boolean | undefined;
  readonly default?: unknown;
  readonly format?: string | undefined;
  readonly see?: string | undefined;
}

/** A doc comment with a line break after it; `''` when there is nothing to say. */
export function docComment(documented: Documented): string {
  const {summary, description, deprecated, format, see} = documented;
  const paragraphs = [
    summary,
    description === summary ? undefined : description,
    format && `Format: ${format}.`,
  ]
    .map((text) => text?.trim())
    .filter((text) => text);
  const tags = [
    ...(documented.default === undefined ? [] : [`@default ${inline(documented.default)}`]),
    ...(see ? [`@see {@link ${see}}`] : []),
    ...(deprecated ? ['@deprecated'] : []),
  ];
  const lines = paragraphs.flatMap((text, index) => [
    ...(index > 0 ? [''] : []),
    // A line of prose that begins so would be a tag.
    ...(text as string).split(/\r\n|\r|\n/).map((line) => line.trimEnd().replace(/^(\s*)@/, '$1\\@')),
  ]);
  if (tags.length > 0) lines.push(...(lines.length > 0 ? [''] : []), ...tags);
  const safe = lines.map((line) => line.replaceAll('*/', '*\\/'));
  if (safe.length === 0) return '';
  if (safe.length === 1) return `/** ${safe[0]} */\n`;
  return `/**\n${safe.map((line) => (line === '' ? ' *' : ` * ${line}`)).join('\n')}\n */\n`;
}

function inline(value: unknown): string {
  return JSON.stringify(value).replaceAll(/\s+/g, ' ');
}

/** The same text, further in. */
export function indent(text: string): string {
  return text.replaceAll(/\n(?=[^\n])/g, '\n  ');
}

/** A type after the colon, or the equals sign, that it belongs to. */
export function afterColon(type: string): string {
  return type.startsWith('|') ? `\n  ${indent(type)}` : ` ${type}`;
}

/** A type in brackets of one kind or another. */
export function enclosed(open: string, type: string, close: string): string {
  return type.startsWith('|') ? `${open}\n  ${indent(type)}\n${close}` : `${open}${type}${close}`;
}
