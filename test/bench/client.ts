import {createInterface} from 'node:readline';
import {setTimeout as delay} from 'node:timers/promises';
import {isDeepStrictEqual} from 'node:util';
import pLimit from 'p-limit';
import {readPeak, startPeak} from './memory.ts';
import {nodePeers} from './peers/index.ts';
import type {Client, Peer} from './peers/peer.ts';
import {describePackage} from './peers/peer.ts';
import type {
  Answer,
  BatchCommand,
  ClientReady,
  Command,
  InputsCommand,
  LoadCommand,
  PeerCommand,
  RateCommand,
  Sample,
  TransferCommand,
} from './protocol.ts';

/**
 * Runs clients in a process apart from the server and the harness: `node client.ts CONNECTIONS`, followed by commands on
 * standard input. Clients that are compared by their rate share one process, and take turns in it.
 *
 * @module
 */

function say(message: ClientReady | Answer): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Seconds and CPU seconds since `start`. */
function since(start: {time: number; cpu: NodeJS.CpuUsage}): {seconds: number; cpu: number} {
  const seconds = (performance.now() - start.time) / 1000;
  const {user, system} = process.cpuUsage(start.cpu);
  return {seconds, cpu: (user + system) / 1e6};
}

function now(): {time: number; cpu: NodeJS.CpuUsage} {
  return {cpu: process.cpuUsage(), time: performance.now()};
}

function operationOf<Name extends keyof Client>(client: Client, name: Name): NonNullable<Client[Name]> {
  const operation = client[name];
  if (!operation) throw new Error(`The client has no ${name}`);
  return operation as NonNullable<Client[Name]>;
}

async function measureRate(client: Client, command: RateCommand): Promise<Sample> {
  const {operation, url, value, expected, concurrency, ramp, window} = command;
  const send = operationOf(client, operation) as (url: string, value: unknown) => Promise<unknown>;
  const first = await send(url, value);
  if (!isDeepStrictEqual(operation === 'bytes' ? (first as ArrayBuffer).byteLength : first, expected)) {
    throw new Error(`The first response of ${url} is not what the server sends`);
  }

  // Whatever the client before has left is not collected in the time of this one.
  globalThis.gc?.();
  let done = 0;
  let running = true;
  const loop = async () => {
    while (running) {
      await send(url, value);
      done++;
    }
  };
  const loops = Promise.all(Array.from({length: concurrency}, loop));
  const measured = async () => {
    await delay(ramp);
    const before = done;
    const start = now();
    // On a busy machine a client may end no request in the window.
    do await delay(window);
    while (running && done - before < concurrency);
    return {work: done - before, ...since(start)};
  };
  try {
    // The loops end only with an error, which ends the measurement.
    return (await Promise.race([measured(), loops])) as Sample;
  } finally {
    running = false;
    await loops.catch(() => undefined);
  }
}

async function measureTransfer(client: Client, command: TransferCommand): Promise<Sample> {
  const {direction, origin, bytes} = command;
  // Idle means here: loaded, connected and warm.
  await client.json?.(`${origin}/json`);
  const idle = startPeak();
  const start = now();
  let length: number;
  if (direction === 'download') {
    length = await operationOf(client, 'download')(`${origin}/download/${bytes}`);
  } else {
    const answer = await operationOf(client, 'upload')(`${origin}/upload`, bytes);
    length = (answer as {received: number}).received;
  }
  const sample = {work: bytes, ...since(start), peak: readPeak() - idle};
  if (length !== bytes) throw new Error(`${length} of ${bytes} bytes were transferred`);
  return sample;
}

async function measureBatch(
  client: Client,
  {urls, count, repeat}: BatchCommand,
  bounded: boolean,
): Promise<Sample> {
  const get = operationOf(client, 'json');
  const limit = pLimit(connections);
  const send = bounded || urls.length === 1 ? get : (url: string) => limit(get, url);
  const start = now();
  for (let round = 0; round < repeat; round++) {
    const pending = new Array<Promise<unknown>>(count);
    for (let index = 0; index < count; index++) pending[index] = send(urls[index % urls.length] as string);
    await Promise.all(pending);
  }
  return {work: count * repeat, ...since(start)};
}

async function measureInputs(client: Client, {count, repeat}: InputsCommand): Promise<Sample> {
  const run = operationOf(client, 'inputs');
  const idle = startPeak();
  const start = now();
  for (let round = 0; round < repeat; round++) await run(count);
  return {work: count * repeat, ...since(start), peak: readPeak() - idle};
}

function measure(client: Client, command: Command, bounded: boolean): Promise<Sample> {
  switch (command.task) {
    case 'rate':
      return measureRate(client, command);
    case 'transfer':
      return measureTransfer(client, command);
    case 'batch':
      return measureBatch(client, command, bounded);
    case 'inputs':
      return measureInputs(client, command);
  }
}

const connections = Number(process.argv[2]);
const loaded = new Map<string, Peer>();

async function load(name: string): Promise<ClientReady> {
  const factory = nodePeers[name];
  if (!factory) throw new Error(`There is no client named ${name}`);
  const peer = (await factory())({connections});
  if ('unavailable' in peer) return peer;
  loaded.set(name, peer);
  return peer.package === undefined ? {} : {version: describePackage(peer.package)};
}

function carryOut(command: LoadCommand | PeerCommand): Promise<ClientReady | Sample> {
  if (command.task === 'load') return load(command.peer);
  const peer = loaded.get(command.peer);
  if (!peer) throw new Error(`${command.peer} is not loaded`);
  return measure(peer.client, command, peer.boundsAllHosts ?? false);
}

for await (const line of createInterface({input: process.stdin})) {
  try {
    say(await carryOut(JSON.parse(line)));
  } catch (error) {
    say({error: error instanceof Error ? error.message : String(error)});
  }
}
// Idle connections would otherwise keep the process alive.
process.exit(0);
