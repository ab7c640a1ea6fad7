import type {Bench, Settings} from '../bench.ts';
import type {AddedCost, RatioColumn, Row, Unit} from '../report.ts';

/** One comparison of clients. */
export interface Case {
  readonly name: string;
  title(settings: Settings): string;
  /** The heading in the table that the cases share which differ in their request only. */
  readonly column?: string;
  /** The section of the page, by the name of its markers. @default 'bench' */
  readonly section?: string;
  readonly unit: Unit;
  /** The rows that all rows are compared with. */
  readonly ratios: readonly RatioColumn[];
  /** The rows for which the added CPU is shown. */
  readonly added?: readonly AddedCost[];
  run(bench: Bench): Promise<Row[]>;
}

/** All clients that send requests. */
export const allPeers = [
  'session.fetch',
  'session.get',
  'typed client',
  'undici.request',
  'undici.request 8',
  'fetch',
  'undici.fetch',
  'node:http',
  'ofetch',
  'openapi-fetch',
  'ky',
  'axios',
  'got',
  'aiohttp',
  'httpx',
] as const;
