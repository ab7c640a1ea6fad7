import {replaceBetweenMarkers} from '../../support/markers.ts';
import type {Row} from '../report.ts';
import {
  addedOf,
  alignTable,
  formatAddedCost,
  formatNumber,
  markdownTable,
  rateOf,
  ratioOf,
} from '../report.ts';
import {formatRatioSpread, formatSpread} from '../spread.ts';
import type {Kind} from './work.ts';
import {kinds} from './work.ts';

/** One kind of request in one runtime. */
export interface RuntimeResult {
  /** The name and the version. */
  readonly runtime: string;
  readonly kind: Kind;
  readonly native: Row;
  readonly session: Row;
}

/** What a session costs in each runtime. */
export interface RuntimesReport {
  readonly machine: string;
  readonly rounds: number;
  readonly results: readonly RuntimeResult[];
  /** The runtimes that could not take part, with the reasons. */
  readonly notes: readonly string[];
}

/** The section of the page, by the name of its markers. */
const section = 'runtimes';

const titles: Readonly<Record<Kind, string>> = {
  get: 'GET of a small JSON, 64 at once (browsers: 6)',
  post: 'POST of 1 kB, 64 at once (browsers: 6)',
  stream: 'GET of 1 MiB as a stream, 8 at once (browsers: 6)',
};

const head = ['own fetch, requests/s', 'session.fetch', 'by requests/s', 'by CPU', 'added CPU µs'];

function tableOf(kind: Kind, {results}: RuntimesReport): string[][] {
  return results
    .filter((result) => result.kind === kind)
    .map(({runtime, native, session}) => [
      runtime,
      formatSpread(rateOf(native, 'request'), formatNumber),
      formatSpread(rateOf(session, 'request'), formatNumber),
      formatRatioSpread(ratioOf(session, native, 'rate')),
      formatRatioSpread(ratioOf(session, native, 'cpu')),
      formatAddedCost(addedOf(session, native)),
    ]);
}

function describe({machine, rounds}: RuntimesReport): string {
  return [
    `${machine}. Medians (quartiles) of ${rounds} rounds, in which session.fetch and the runtime’s own fetch alternate in one process.`,
    'The CPU of workerd and of the browsers is that of all their processes.',
  ].join(' ');
}

/** The report as aligned tables. */
export function renderRuntimes(report: RuntimesReport): string {
  const tables = kinds.map((kind) =>
    [titles[kind], ...alignTable([['', ...head], ...tableOf(kind, report)])].join('\n'),
  );
  return [...tables, [describe(report), ...report.notes].join('\n')].join('\n\n');
}

/**
 * The page with the report between the markers of its section.
 *
 * @throws Error when the markers aren't there
 */
export function withRuntimes(page: string, report: RuntimesReport): string {
  const tables = kinds.map((kind) => markdownTable([[titles[kind], ...head], ...tableOf(kind, report)]));
  return replaceBetweenMarkers(page, [describe(report), ...tables].join('\n\n'), section);
}
