import type {Row} from '../report.ts';
import {alignTable, formatCpu, ratioOf} from '../report.ts';
import {formatRatioSpread} from '../spread.ts';

/** One operation in both builds. */
export interface AgainstResult {
  readonly name: string;
  readonly title: string;
  readonly before: Row;
  readonly after: Row;
}

/** What a comparison of two builds found. */
export interface AgainstReport {
  /** What the two builds are. */
  readonly before: string;
  readonly after: string;
  readonly machine: string;
  readonly rounds: number;
  readonly results: readonly AgainstResult[];
  /** The operations that failed, with the reasons. */
  readonly notes: readonly string[];
}

/** The table that the message of a change quotes. */
export function renderAgainst({before, after, machine, rounds, results, notes}: AgainstReport): string {
  const rows = results.map((result) => [
    result.title,
    formatCpu(result.before, 'request'),
    formatCpu(result.after, 'request'),
    formatRatioSpread(ratioOf(result.after, result.before, 'cpu')),
    formatRatioSpread(ratioOf(result.after, result.before, 'rate')),
  ]);
  return [
    `${after} against ${before}`,
    ...alignTable([['', 'CPU µs before', 'CPU µs after', 'by CPU', 'by requests/s'], ...rows]),
    ...notes,
    `Above 1.00x the change is the better one; "same" is a difference inside the spread. Medians (quartiles) of ${rounds} rounds, which`,
    `alternate in one process. ${machine}.`,
  ].join('\n');
}
