import {fileURLToPath} from 'node:url';
import {versionOf} from '../../conformance/support/binaries.ts';
import {LineProcess} from '../line-process.ts';
import type {Sample, ServerReady} from '../protocol.ts';
import {groupTime} from './group-time.ts';
import type {RuntimeResult, RuntimesReport} from './report.ts';
import type {BenchRuntime, Running} from './runtimes.ts';
import type {Kind, Side, Work} from './work.ts';
import {kinds} from './work.ts';

const serverFile = fileURLToPath(new URL('../server.ts', import.meta.url));
/** How long a piece of work may take, in ms, with the start of the runtime. */
const patience = 60_000;
/** The fewest requests of a turn for each that is under way at once: the ends of a turn, where fewer are, must not count. */
const fewest: Readonly<Record<Kind, number>> = {get: 16, post: 16, stream: 4};
const sides: readonly Side[] = ['native', 'session'];

export interface RuntimesSettings {
  readonly rounds: number;
  /** How long each side runs before it is measured, and how long a turn takes about, in ms. */
  readonly warmUp: number;
  readonly turn: number;
}

/** Rounds and times that make all runtimes take about four minutes, or a minute. */
export const runtimeTimes = {
  full: {rounds: 11, warmUp: 1_000, turn: 400},
  quick: {rounds: 5, warmUp: 400, turn: 120},
} as const;

/** Measures a session beside the runtime's own `fetch`, in one process of each runtime. */
export async function runRuntimes(
  runtimes: readonly BenchRuntime[],
  settings: RuntimesSettings,
  machine: string,
  progress: (text: string) => void,
): Promise<RuntimesReport> {
  const serverProcess = new LineProcess(process.execPath, [serverFile]);
  const results: RuntimeResult[] = [];
  const notes: string[] = [];
  try {
    const {bodyOrigin} = await serverProcess.read<ServerReady>();
    for (const runtime of runtimes) {
      const {name, binary} = runtime;
      if (binary === undefined) {
        notes.push(`${name} is not installed`);
        continue;
      }
      try {
        const version = await versionOf(binary);
        const label = `${name} ${version}`;
        results.push(...(await measureRuntime(runtime, binary, label, bodyOrigin, settings, progress)));
      } catch (error) {
        notes.push(`${name} is left out: ${(error as Error).message}`);
      }
    }
  } finally {
    progress('');
    await serverProcess.stop();
  }
  return {machine, rounds: settings.rounds, results, notes};
}

async function measureRuntime(
  {concurrency, settles = 0, start}: BenchRuntime,
  binary: string,
  label: string,
  origin: string,
  {rounds, warmUp, turn}: RuntimesSettings,
  progress: (text: string) => void,
): Promise<RuntimeResult[]> {
  const running = await start(binary);
  const results: RuntimeResult[] = [];
  try {
    await warm(running, {origin, kind: 'get', side: 'native', concurrency}, settles);
    for (const kind of kinds) {
      progress(`${label}: ${kind}`);
      // A body of 1 MiB is sent in full by eight at once.
      const base = {origin, kind, concurrency: kind === 'stream' ? Math.min(8, concurrency) : concurrency};
      const rates: number[] = [];
      for (const side of sides) rates.push(await warm(running, {...base, side}, warmUp));
      const count = Math.max(fewest[kind] * base.concurrency, Math.ceil((Math.min(...rates) * turn) / 1e3));
      const samples: Record<Side, Sample[]> = {native: [], session: []};
      for (let round = 0; round < rounds; round++) {
        for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
          samples[side].push(await measure(running, {...base, side, count}));
        }
      }
      results.push(resultOf(label, kind, samples));
    }
  } finally {
    await running.end();
  }
  return results;
}

function resultOf(runtime: string, kind: Kind, {native, session}: Record<Side, Sample[]>): RuntimeResult {
  return {
    runtime,
    kind,
    native: {label: 'native', samples: native},
    session: {label: 'session.fetch', samples: session},
  };
}

/** Runs a side until it is at full speed. Returns how many requests it sends in a second by then. */
async function warm(running: Running, work: Omit<Work, 'count'>, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let rate = 0;
  do {
    const {work: done, seconds} = await measure(running, {...work, count: 4 * work.concurrency});
    rate = done / seconds;
  } while (performance.now() < end);
  return rate;
}

async function measure({child, ask}: Running, work: Work): Promise<Sample> {
  const group = child.process.pid as number;
  const before = groupTime(group);
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`No answer within ${patience / 1e3} s\n${child.output()}`)),
      patience,
    );
  });
  const gone = child.gone.then((code) => {
    throw new Error(`The runtime ended with ${code}\n${child.output()}`);
  });
  try {
    const told = await Promise.race([ask(work), late, gone]);
    if (told.error !== undefined) throw new Error(told.error);
    return {
      work: work.count,
      seconds: told.seconds ?? (performance.now() - start) / 1e3,
      cpu: told.cpu ?? groupTime(group) - before,
    };
  } finally {
    clearTimeout(timer);
    gone.catch(() => undefined);
  }
}
