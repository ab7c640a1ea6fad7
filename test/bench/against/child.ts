import {createInterface} from 'node:readline';
import {isDeepStrictEqual} from 'node:util';
import type {Sample, ServerReady} from '../protocol.ts';
import type {Build, Operation} from './operations.ts';
import {loadBuild, operations} from './operations.ts';

/**
 * Runs two builds in one process, which take turns: `node child.ts FOLDER_BEFORE FOLDER_AFTER CONNECTIONS SERVER`, followed by
 * commands on standard input.
 *
 * @module
 */

/** Measures one operation in both builds. */
export interface AgainstCommand {
  readonly operation: string;
  readonly rounds: number;
  /** How long each build runs before it is measured, in ms. */
  readonly warmUp: number;
  /** How long a turn takes about, in ms. It decides how many requests are sent, the same number in all turns. */
  readonly turn: number;
  /** How many requests a turn sends, where that is given. */
  readonly requests?: number | undefined;
}

/** The samples of each build, one for each round. */
export type AgainstAnswer =
  | {readonly before: readonly Sample[]; readonly after: readonly Sample[]}
  | {readonly error: string};

const [before = '', after = '', connections = '', address = ''] = process.argv.slice(2);
const server = JSON.parse(address) as ServerReady;
const builds = [
  await loadBuild(before, Number(connections)),
  await loadBuild(after, Number(connections)),
] as const;

/** Sends this many requests, several at once, and measures them. */
async function send(build: Build, operation: Operation, count: number): Promise<Sample> {
  let left = count;
  const loop = async () => {
    while (left-- > 0) await operation.send(build, server);
  };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({length: operation.concurrency}, loop));
  const seconds = (performance.now() - start) / 1e3;
  const {user, system} = process.cpuUsage(cpu);
  return {work: count, seconds, cpu: (user + system) / 1e6};
}

/** Runs a build until it is at full speed. Returns how many requests it sends in a second by then. */
async function warmUp(build: Build, operation: Operation, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let rate = 0;
  do {
    const {work, seconds} = await send(build, operation, 2 * operation.concurrency);
    rate = work / seconds;
  } while (performance.now() < end);
  return rate;
}

async function measure(command: AgainstCommand): Promise<AgainstAnswer> {
  const operation = operations.find(({name}) => name === command.operation);
  if (!operation) throw new Error(`There is no operation named ${command.operation}`);
  const rates: number[] = [];
  for (const build of builds) {
    const first = await operation.send(build, server);
    if (!isDeepStrictEqual(first, operation.expected)) {
      throw new Error('The first response is not what the server sends');
    }
    rates.push(await warmUp(build, operation, command.warmUp));
  }
  const count = command.requests ?? Math.ceil((Math.min(...rates) * command.turn) / 1e3);
  const samples: [Sample[], Sample[]] = [[], []];
  for (let round = 0; round < command.rounds; round++) {
    // Each build is the first in every other round, so that neither has the better place.
    for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      globalThis.gc?.();
      samples[side].push(await send(builds[side], operation, count));
    }
  }
  return {before: samples[0], after: samples[1]};
}

console.log('{}');
for await (const line of createInterface({input: process.stdin})) {
  let answer: AgainstAnswer;
  try {
    answer = await measure(JSON.parse(line));
  } catch (error) {
    answer = {error: error instanceof Error ? error.message : String(error)};
  }
  console.log(JSON.stringify(answer));
}
// Idle connections would otherwise keep the process alive.
process.exit(0);
