import type {Bench, Settings} from '../bench.ts';
import type {AddedCost, RatioColumn, Row, Unit} from '../report.ts';

/** One comparison of clients. */
export interface Case {
  readonly name: string;
  title(settings: Settings): string;
  /** Its heading beside the cases that differ from it in their request only. */
  readonly column?: string;
  /** The part of a page that it is for, by the name of its markers; `bench` when left out. */
  readonly section?: string;
  readonly unit: Unit;
  /** What the rows are compared with. */
  readonly ratios: readonly RatioColumn[];
  /** What the CPU of rows is shown above. */
  readonly added?: readonly AddedCost[];
  run(bench: Bench): Promise<Row[]>;
}

/** Everybody who sends requests. */
export const allPeers = [
  'session.fetch',
  'session.get',
  'typed client',
  'undici.request',
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
