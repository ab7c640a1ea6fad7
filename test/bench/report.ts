import {replaceBetweenMarkers} from '../support/markers.ts';
import type {Sample} from './protocol.ts';

/** What a ratio compares: work per second, or work per CPU second. More is better in both. */
export type Measure = 'rate' | 'cpu';

export type Unit = 'request' | 'byte' | 'input' | 'endpoint';

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

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

function measureOf(sample: Sample, by: Measure): number {
  return sample.work / (by === 'rate' ? sample.seconds : sample.cpu);
}

/** The median of a row's work per second, or per CPU second. */
export function medianOf(row: Row, by: Measure): number {
  return median(row.samples.map((sample) => measureOf(sample, by)));
}

/** The highest peak of memory of all rounds, in bytes; `undefined` where it wasn't measured. */
export function peakOf(row: Row): number | undefined {
  const peaks = row.samples.flatMap(({peak}) => (peak === undefined ? [] : [peak]));
  return peaks.length > 0 ? Math.max(...peaks) : undefined;
}

/**
 * How many times as good one row is as another: the median of the ratios within each round, so that other work of the
 * machine in a round affects both rows.
 */
export function ratioOf(row: Row, against: Row, by: Measure): number {
  const rounds = Math.min(row.samples.length, against.samples.length);
  const ratios = Array.from(
    {length: rounds},
    (_, round) =>
      measureOf(row.samples[round] as Sample, by) / measureOf(against.samples[round] as Sample, by),
  );
  return median(ratios);
}

/** How much more CPU one row takes than another for a piece of work, in seconds: the median over the rounds. */
export function addedOf(row: Row, over: Row): number {
  const rounds = Math.min(row.samples.length, over.samples.length);
  const costs = Array.from(
    {length: rounds},
    (_, round) =>
      1 / measureOf(row.samples[round] as Sample, 'cpu') -
      1 / measureOf(over.samples[round] as Sample, 'cpu'),
  );
  return median(costs);
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

function formatRatio(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(2)}x` : '–';
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
};

function formatRate(row: Row, unit: Unit): string {
  const rate = medianOf(row, 'rate');
  return formatNumber(unit === 'byte' ? rate / 1e6 : rate);
}

function formatCpu(row: Row, unit: Unit): string {
  const cost = 1 / medianOf(row, 'cpu');
  return formatNumber(unit === 'byte' ? cost * gib : cost * 1e6);
}

function formatAdded(row: Row, {added = [], rows}: CaseResult): string {
  const over = rows.find(({label}) => label === added.find((cost) => cost.label === row.label)?.over);
  return over && over !== row ? (addedOf(row, over) * 1e6).toFixed(1) : '';
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
    ...shown.map(({against, by}) => formatRatio(ratioOf(row, findRow(result, against) as Row, by))),
  ]);
  return [head, ...body];
}

/** One case as an aligned table: the first column on the left, numbers on the right. */
export function renderTable(result: CaseResult): string {
  const table = tableOf(result);
  const widths = (table[0] as string[]).map((_, column) =>
    Math.max(...table.map((cells) => (cells[column] as string).length)),
  );
  const lines = table.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
      )
      .join('  ')
      .trimEnd(),
  );
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

function markdownTable(rows: readonly (readonly string[])[]): string {
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

function rateAndRatio(row: Row, {unit, ratios: [ratio], ...result}: CaseResult): string {
  const rate = formatRate(row, unit);
  const baseline = ratio && result.rows.find(({label}) => label === ratio.against);
  return baseline ? `${rate} (${formatRatio(ratioOf(row, baseline, 'rate'))})` : rate;
}

/** The report for a page: one table for the cases that differ in their request only, and one for each other case. */
export function renderMarkdown(report: Report): string {
  const {cases} = report;
  const parts = [describeRun(report)];
  const matrix = cases.filter(({column}) => column !== undefined);
  if (matrix.length > 0) {
    parts.push(describeBrackets(matrix));
    parts.push(markdownMatrix(headings.request.rate, matrix, rateAndRatio));
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
        return row ? [rateAndRatio(row, result), formatCpu(row, result.unit)] : ['', ''];
      }),
    ]),
  ]);
  return [describeRun(report), describeBrackets(shown), table].filter((part) => part !== '').join('\n\n');
}

function describeRun({machine, server, rounds}: Report): string {
  return `${machine}; server: ${server}. Medians of ${rounds} interleaved rounds.`;
}

function describeBrackets(cases: readonly CaseResult[]): string {
  const against = cases[0]?.ratios[0]?.against;
  return against === undefined ? '' : `In brackets: how many times the rate of ${code(against)}.`;
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
