import {replaceBetweenMarkers} from '../support/markers.ts';
import type {Sample} from './protocol.ts';
import type {Spread} from './spread.ts';
import {formatRatio, formatRatioSpread, formatSpread, isBetween, median, spreadOf} from './spread.ts';

/** What a ratio compares: work per second, or work per CPU second. More is better in both. */
export type Measure = 'rate' | 'cpu';

export type Unit = 'request' | 'byte' | 'input' | 'endpoint' | 'start';

/** The measurements of one client in one case. */
export interface Row {
  readonly label: string;
  /** One sample for each round. The samples of a round were taken right after each other. */
  readonly samples: readonly Sample[];
}

export interface RatioColumn {
  readonly against: string;
  readonly by: Measure;
}

/** Asks for the cost that the row `label` adds to the row `over`. */
export interface AddedCost {
  readonly label: string;
  readonly over: string;
}

export interface CaseResult {
  readonly name: string;
  readonly section?: string | undefined;
  readonly title: string;
  /** The heading in the table that the cases share which differ in their request only. */
  readonly column?: string | undefined;
  readonly unit: Unit;
  readonly ratios: readonly RatioColumn[];
  readonly added?: readonly AddedCost[] | undefined;
  readonly rows: readonly Row[];
}

export interface Report {
  /** The machine, and the versions of the packages. */
  readonly machine: string;
  readonly server: string;
  readonly rounds: number;
  readonly cases: readonly CaseResult[];
  /** The clients that could not take part, with the reasons. */
  readonly notes: readonly string[];
}

const gib = 2 ** 30;
/** The section of the cases that name none. */
const mainSection = 'bench';

function measureOf(sample: Sample, by: Measure): number {
  return sample.work / (by === 'rate' ? sample.seconds : sample.cpu);
}

/** A row's work per second, or per CPU second. */
function workOf(row: Row, by: Measure): Spread {
  return spreadOf(row.samples.map((sample) => measureOf(sample, by)));
}

/** What a piece of work of a row costs, in seconds or CPU seconds. */
function costOf(row: Row, by: Measure): Spread {
  return spreadOf(row.samples.map((sample) => 1 / measureOf(sample, by)));
}

/** The highest peak of memory of all rounds, in bytes; `undefined` where it wasn't measured. */
export function peakOf(row: Row): number | undefined {
  const peaks = row.samples.flatMap(({peak}) => (peak === undefined ? [] : [peak]));
  return peaks.length > 0 ? Math.max(...peaks) : undefined;
}

/**
 * How many times as good one row is as another: the ratios within each round, so that other work of the machine in a round
 * affects both rows.
 */
export function ratioOf(row: Row, against: Row, by: Measure): Spread {
  return spreadOf(
    pairsOf(row, against).map(([sample, other]) => measureOf(sample, by) / measureOf(other, by)),
  );
}

/** How much more CPU one row takes than another for a piece of work in each round, in seconds. */
export function addedOf(row: Row, over: Row): Spread {
  return spreadOf(
    pairsOf(row, over).map(([sample, other]) => 1 / measureOf(sample, 'cpu') - 1 / measureOf(other, 'cpu')),
  );
}

/** The samples of the rounds that both rows have. */
function pairsOf(row: Row, other: Row): (readonly [Sample, Sample])[] {
  return row.samples
    .slice(0, other.samples.length)
    .map((sample, round) => [sample, other.samples[round] as Sample]);
}

export function findRow(result: CaseResult, label: string): Row | undefined {
  return result.rows.find((row) => row.label === label);
}

/** A whole number with separators of thousands. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US', {maximumFractionDigits: 0});
}

/** A number with three or four significant digits. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', {minimumFractionDigits: digits, maximumFractionDigits: digits});
}

/** Bytes in MB, at least 0: a process may return memory that it held when it was idle. */
export function formatMemory(bytes: number | undefined): string {
  return bytes === undefined ? '' : Math.max(0, bytes / 1e6).toFixed(0);
}

const headings: Readonly<Record<Unit, {readonly rate: string; readonly cpu: string}>> = {
  request: {rate: 'requests/s', cpu: 'CPU µs/request'},
  byte: {rate: 'MB/s', cpu: 'CPU s/GiB'},
  input: {rate: 'inputs/s', cpu: 'CPU µs/input'},
  endpoint: {rate: 'endpoints/s', cpu: 'CPU µs/endpoint'},
  start: {rate: 'ms to the first answer', cpu: 'CPU ms'},
};

/** A row's rate; for starts, how long one takes. */
export function rateOf(row: Row, unit: Unit): Spread {
  return unit === 'start' ? costOf(row, 'rate') : workOf(row, 'rate');
}

const rateFormats: Partial<Record<Unit, (value: number) => string>> = {
  byte: (rate) => formatNumber(rate / 1e6),
  start: (seconds) => formatNumber(seconds * 1e3),
};
const cpuFormats: Partial<Record<Unit, (value: number) => string>> = {
  byte: (cost) => formatNumber(cost * gib),
  start: (cost) => formatNumber(cost * 1e3),
};

function formatRate(row: Row, unit: Unit): string {
  return formatSpread(rateOf(row, unit), rateFormats[unit] ?? formatNumber);
}

/** A row's CPU for a piece of work, with its quartiles. */
export function formatCpu(row: Row, unit: Unit): string {
  return formatSpread(costOf(row, 'cpu'), cpuFormats[unit] ?? ((cost) => formatNumber(cost * 1e6)));
}

function formatAdded(row: Row, {added = [], rows}: CaseResult): string {
  const over = rows.find(({label}) => label === added.find((cost) => cost.label === row.label)?.over);
  return over && over !== row ? formatAddedCost(addedOf(row, over)) : '';
}

/** An added cost in µs; `same` when it has either sign, as a ratio on both sides of 1. */
export function formatAddedCost(cost: Spread): string {
  // With a word in between, because the costs may be negative.
  const text = formatSpread(cost, (seconds) => (seconds * 1e6).toFixed(1), ' to ');
  return isBetween(0, cost) ? text.replace(/^\S+/, 'same') : text;
}

/** Each row beside one of the rows; nothing to tell of that row itself. */
function formatComparison(row: Row, against: Row, by: Measure): string {
  return row === against ? '1.00x' : formatRatioSpread(ratioOf(row, against, by));
}

function tableOf(result: CaseResult): string[][] {
  const {rows, unit, ratios, added} = result;
  const hasPeak = rows.some((row) => peakOf(row) !== undefined);
  const {rate, cpu} = headings[unit];
  const shown = ratios.filter(({against}) => findRow(result, against) !== undefined);
  const head = [
    '',
    rate,
    cpu,
    ...(added ? ['added CPU µs'] : []),
    ...(hasPeak ? ['peak MB'] : []),
    ...shown.map(({against, by}) => `vs ${against}${by === 'cpu' ? ' (CPU)' : ''}`),
  ];
  const body = rows.map((row) => [
    row.label,
    formatRate(row, unit),
    formatCpu(row, unit),
    ...(added ? [formatAdded(row, result)] : []),
    ...(hasPeak ? [formatMemory(peakOf(row))] : []),
    ...shown.map(({against, by}) => formatComparison(row, findRow(result, against) as Row, by)),
  ]);
  return [head, ...body];
}

/** A table as aligned lines: the first column on the left, numbers on the right. */
export function alignTable(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
  return table.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** One case as an aligned table. */
export function renderTable(result: CaseResult): string {
  const lines = alignTable(tableOf(result));
  const busy = result.rows.filter(metBusyServer).map(({label}) => label);
  const warning =
    busy.length > 0
      ? [`The server was at its limit: ${busy.join(', ')} may be faster than this. Compare the CPU instead.`]
      : [];
  return [result.title, ...lines, ...warning].join('\n');
}

/** Above this load of the server, the server may be what limits the rate. */
const busyServer = 0.9;

function metBusyServer({samples}: Row): boolean {
  return median(samples.map(({serverLoad = 0}) => serverLoad)) > busyServer;
}

/** A table of Markdown: the first column on the left, numbers on the right. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

/** Cases that differ in their request only as one table, with a row for each client. */
function markdownMatrix(
  corner: string,
  results: readonly CaseResult[],
  cell: (row: Row, result: CaseResult) => string,
): string {
  const labels = [...new Set(results.flatMap(({rows}) => rows.map(({label}) => label)))];
  return markdownTable([
    [corner, ...results.map(({column = ''}) => column)],
    ...labels.map((label) => [
      code(label),
      ...results.map((result) => {
        const row = findRow(result, label);
        return row ? cell(row, result) : '';
      }),
    ]),
  ]);
}

/** A row's rate beside the row that the case names first. */
function ratioToFirst(row: Row, result: CaseResult): string {
  const [first] = result.ratios;
  const against = first && findRow(result, first.against);
  return against ? formatComparison(row, against, first.by) : '';
}

/** The report for a page: one table for the cases that differ in their request only, and one for each other case. */
export function renderMarkdown(report: Report): string {
  const {cases} = report;
  const parts = [describeRun(report)];
  const matrix = cases.filter(({column}) => column !== undefined);
  if (matrix.length > 0) {
    parts.push(markdownMatrix(headings.request.rate, matrix, (row, {unit}) => formatRate(row, unit)));
    parts.push(markdownMatrix(describeFirst(matrix), matrix, ratioToFirst));
    parts.push(markdownMatrix(headings.request.cpu, matrix, (row, {unit}) => formatCpu(row, unit)));
  }
  for (const result of cases) {
    if (result.column !== undefined) continue;
    const [head = [], ...body] = tableOf(result);
    parts.push(
      markdownTable([
        [result.title, ...head.slice(1)],
        ...body.map(([label = '', ...cells]) => [code(label), ...cells]),
      ]),
    );
  }
  return parts.filter((part) => part !== '').join('\n\n');
}

/** The cases that the short table shows. */
const summaryCases = ['get-64', 'post'];

/** The report in a dozen lines: a row for each client, with the two most common requests. */
export function renderSummary(report: Report): string {
  const shown = report.cases.filter(({name}) => summaryCases.includes(name));
  const labels = [...new Set(shown.flatMap(({rows}) => rows.map(({label}) => label)))];
  const {rate, cpu} = headings.request;
  const table = markdownTable([
    ['', ...shown.flatMap(({title}) => [`${title}: ${rate}`, cpu])],
    ...labels.map((label) => [
      code(label),
      ...shown.flatMap((result) => {
        const row = findRow(result, label);
        return row ? [shortRate(row, result), shortCpu(row)] : ['', ''];
      }),
    ]),
  ]);
  return [describeRun(report), describeBrackets(shown), table].filter((part) => part !== '').join('\n\n');
}

/** The medians alone: a dozen lines have no room for the quartiles. */
function shortRate(row: Row, result: CaseResult): string {
  const rate = formatNumber(workOf(row, 'rate').median);
  const [first] = result.ratios;
  const against = first && findRow(result, first.against);
  if (!against) return rate;
  return `${rate} (${row === against ? '1.00x' : formatRatio(ratioOf(row, against, first.by))})`;
}

function shortCpu(row: Row): string {
  return formatNumber(costOf(row, 'cpu').median * 1e6);
}

function describeRun({machine, server, rounds}: Report): string {
  return `${machine}; server: ${server}. Medians of ${rounds} interleaved rounds.`;
}

function describeFirst([result]: readonly CaseResult[]): string {
  const against = result?.ratios[0]?.against;
  return against === undefined ? '' : `times the rate of ${code(against)}`;
}

function describeBrackets(cases: readonly CaseResult[]): string {
  const first = describeFirst(cases);
  return first === '' ? '' : `In brackets: ${first}; "same" is a difference inside the spread of the rounds.`;
}

/** Names of clients as code, other labels as they are. */
function code(label: string): string {
  return label.includes(' ') ? label : `\`${label}\``;
}

/**
 * The text with each section that was measured put between its markers; the other sections stay as they are.
 *
 * @throws Error when the markers of a section aren't there
 */
export function withReport(text: string, report: Report): string {
  const sections = new Set(report.cases.map(({section}) => section));
  return [...sections].reduce<string>((whole, section) => {
    const cases = report.cases.filter((result) => result.section === section);
    return replaceBetweenMarkers(whole, renderMarkdown({...report, cases}), section ?? mainSection);
  }, text);
}

/**
 * The text with the short table of {@link renderSummary} between the markers of the main section.
 *
 * @throws Error when the markers aren't there
 */
export function withSummary(text: string, report: Report): string {
  return replaceBetweenMarkers(text, renderSummary(report), mainSection);
}
