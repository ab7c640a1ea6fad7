import type {CaseResult, Measure} from './report.ts';
import {findRow, peakOf, ratioOf} from './report.ts';

/**
 * The targets, and the check of them. They are ratios within one run on one machine, or memory above that of the idle
 * process: figures that mean the same on every machine.
 *
 * @module
 */

interface RatioTarget {
  readonly case: string;
  readonly row: string;
  readonly against: string;
  readonly by: Measure;
  /** The row is at least this many times as good. */
  readonly atLeast: number;
}

interface PeakTarget {
  readonly case: string;
  readonly row: string;
  /** The row takes at most this many MB above the idle process. */
  readonly peak: number;
}

export type Target = RatioTarget | PeakTarget;

const targets: readonly Target[] = [
  {case: 'get-64', row: 'session.fetch', against: 'undici.request', by: 'rate', atLeast: 1},
  {case: 'get-64', row: 'session.fetch', against: 'fetch', by: 'rate', atLeast: 3},
  {case: 'get-64', row: 'session.get', against: 'fetch', by: 'rate', atLeast: 1.7},
  {case: 'get-64', row: 'session.get', against: 'ky', by: 'rate', atLeast: 3},
  {case: 'get-64', row: 'session.get', against: 'axios', by: 'rate', atLeast: 4},
  {case: 'get-64', row: 'session.get', against: 'got', by: 'rate', atLeast: 4},
  {case: 'get-64', row: 'typed client', against: 'fetch', by: 'rate', atLeast: 1.7},
  {case: 'get-64', row: 'typed client', against: 'ky', by: 'rate', atLeast: 3},
  {case: 'get-64', row: 'typed client', against: 'axios', by: 'rate', atLeast: 4},
  {case: 'get-64', row: 'typed client', against: 'got', by: 'rate', atLeast: 4},
  // By CPU, because the server takes more than the client.
  {case: 'tls', row: 'session.fetch', against: 'undici.request', by: 'cpu', atLeast: 1.1},
  {case: 'tls', row: 'session.fetch', against: 'undici.request 8', by: 'cpu', atLeast: 1.1},
  {case: 'tls', row: 'session.fetch', against: 'fetch', by: 'cpu', atLeast: 3.5},
  ...['undici.request over HTTP/2', 'undici.request 8 over HTTP/2', 'got over HTTP/2'].map(
    (against) =>
      ({case: 'http2', row: 'session.fetch over HTTP/2', against, by: 'cpu', atLeast: 1.1}) as const,
  ),
  {case: 'http2', row: 'session.fetch over HTTP/2', against: 'node:http2', by: 'cpu', atLeast: 0.8},
  {case: 'hosts', row: 'session.fetch', against: 'undici.request with a cap', by: 'cpu', atLeast: 1},
  {case: 'under-ky', row: 'ky on session.fetch', against: 'ky', by: 'cpu', atLeast: 2},
  {
    case: 'under-axios',
    row: 'axios on session.fetch',
    against: 'axios on fetch',
    by: 'cpu',
    atLeast: 1.5,
  },
  {case: 'under-ofetch', row: 'ofetch on session.fetch', against: 'ofetch', by: 'cpu', atLeast: 2.2},
  {
    case: 'under-openapi-fetch',
    row: 'openapi-fetch on session.fetch',
    against: 'openapi-fetch',
    by: 'cpu',
    atLeast: 3,
  },
  {case: 'stream-up', row: 'session.fetch', against: 'undici.request', by: 'cpu', atLeast: 1},
  {case: 'post', row: 'session.fetch', against: 'fetch', by: 'rate', atLeast: 2.5},
  ...['iterChunks', 'iterChunks of 65536'].flatMap((row): Target[] => [
    {case: 'download', row, against: 'fetch', by: 'cpu', atLeast: 1.4},
    {case: 'download', row, peak: 100},
  ]),
  // By CPU, because the server is as slow as most clients.
  {case: 'upload', row: 'session.fetch', against: 'fetch', by: 'cpu', atLeast: 1},
  {case: 'upload', row: 'session.fetch', peak: 30},
  {case: 'inputs', row: '1,000,000 inputs', peak: 100},
  // Flat, apart from a slower clock or one more garbage collection.
  {case: 'inputs', row: '1,000,000 inputs', against: '10,000 inputs', by: 'rate', atLeast: 0.85},
  // A slot may cost 1.6 times as much when a hundred times as many requests wait.
  {
    case: 'queue',
    row: 'session.fetch, 100,000 queued',
    against: 'session.fetch, 1,000 queued',
    by: 'cpu',
    atLeast: 1 / 1.6,
  },
];

type Outcome = 'holds' | 'missed' | 'not measured';

export interface Verdict {
  readonly target: Target;
  readonly measured: number | undefined;
  readonly outcome: Outcome;
}

export function check(cases: readonly CaseResult[], list: readonly Target[] = targets): Verdict[] {
  return list.map((target) => {
    const measured = measuredFor(target, cases);
    if (measured === undefined || Number.isNaN(measured)) {
      return {target, measured: undefined, outcome: 'not measured'};
    }
    const holds = 'peak' in target ? measured <= target.peak : measured >= target.atLeast;
    return {target, measured, outcome: holds ? 'holds' : 'missed'};
  });
}

function measuredFor(target: Target, cases: readonly CaseResult[]): number | undefined {
  const result = cases.find(({name}) => name === target.case);
  const row = result && findRow(result, target.row);
  if (!row) return undefined;
  if ('peak' in target) {
    const peak = peakOf(row);
    return peak === undefined ? undefined : peak / 1e6;
  }
  const against = findRow(result, target.against);
  return against && ratioOf(row, against, target.by).median;
}

export function renderVerdict({target, measured, outcome}: Verdict): string {
  const what =
    'peak' in target
      ? `${target.case}: ${target.row} takes at most ${target.peak} MB`
      : `${target.case}: ${target.row} is at least ${target.atLeast.toFixed(2)}x ${target.against}${target.by === 'cpu' ? ' by CPU' : ''}`;
  const found =
    measured === undefined
      ? ''
      : 'peak' in target
        ? ` (${measured.toFixed(0)} MB)`
        : ` (${measured.toFixed(2)}x)`;
  return `${outcome.padEnd(12)}  ${what}${found}`;
}
