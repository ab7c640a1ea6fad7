/** A runtime with the connector that the suite ran on. */
export interface RuntimeRow {
  readonly name: string;
  readonly version: string;
  readonly connector: string;
}

/** The results as a table in Markdown, which is readable in a terminal too. */
export function toTable(rows: ReadonlyArray<RuntimeRow & {passed: number; cases: number}>): string {
  const table = [
    ['runtime', 'version', 'connector', 'cases passed'],
    ...rows.map(({name, version, connector, passed, cases}) => [
      name,
      version,
      connector,
      `${passed} of ${cases}`,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return lines.join('\n');
}

/** Puts the table between the markers of a text. */
export function withTable(text: string, table: string): string {
  const pattern = /(<!-- runtimes:start -->)[\s\S]*?(<!-- runtimes:end -->)/;
  if (!pattern.test(text))
    throw new Error('The file has no markers <!-- runtimes:start --> and <!-- runtimes:end -->');
  return text.replace(pattern, `$1\n${table}\n$2`);
}
