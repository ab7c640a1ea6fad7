import diagnostics from 'node:diagnostics_channel';
import type {Socket} from 'node:net';
import {setTimeout as delay, setImmediate as turn} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import type {UndiciConnector} from '../../src/connectors/undici/index.ts';
import {undiciConnector} from '../../src/connectors/undici/index.ts';
import type {Session} from '../../src/index.ts';
import {AiofetchError, createSession} from '../../src/index.ts';
import {makeCall} from './support/call.ts';
import {largestResponse} from './support/content.ts';
import type {Draw} from './support/draw.ts';
import {createDraw} from './support/draw.ts';
import type {HostileServer} from './support/hostile-server.ts';
import {startHostileServer, transports} from './support/hostile-server.ts';

/**
 * Sends many requests with faults and aborts over every transport, through sessions that live as long as the run, and prints
 * what it did: `npm run soak -- [--requests N] [--seed N]`. Exits with 1 if anything is off.
 *
 * @module
 */

const {values} = parseArgs({
  options: {requests: {type: 'string', default: '1000000'}, seed: {type: 'string'}},
});
const requests = Number(values.requests);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));

/**
 * How likely it is that a step of the server goes wrong. Most of a fault is waiting for a timeout, on HTTP/2 by all streams of
 * the connection: with more faults, the run would be as long and have fewer requests.
 */
const malice = {tcp: 0.006, tls: 0.006, http2: 0.001} as const;
/** The share of calls of any kind, which read, abort and fail as in the scenarios. The others are plain. */
const oddShare = 0.03;
/** The share of plain calls that are aborted. */
const abortedShare = 0.02;
/** How many calls each session makes at once. */
const sideBySide = 48;
/** How often the progress is printed, in ms. */
const interval = 30_000;
/** How much the heap may grow from the end of the first tenth to the end, in bytes. */
const growth = 32 * 1024 * 1024;

interface Station {
  readonly session: Session;
  readonly connector: UndiciConnector;
  readonly server: HostileServer;
  readonly draw: Draw;
}

/** The sockets that are open on the client's side. */
const sockets = new Set<Socket>();
diagnostics.subscribe('net.client.socket', (message) => {
  const {socket} = message as {readonly socket: Socket};
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});

const faults: string[] = [];
const ends = new Map<string, number>();
const start = performance.now();
let made = 0;
let done = 0;
let peak = 0;
let early = 0;

function count(end: string): void {
  ends.set(end, (ends.get(end) ?? 0) + 1);
  done++;
  if (done === Math.floor(requests / 10)) early = heapUsed();
}

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

for (const event of ['unhandledRejection', 'warning', 'uncaughtExceptionMonitor']) {
  process.on(event, (error: unknown) => faults.push(`${event}: ${(error as Error | undefined)?.stack}`));
}

async function openStations(): Promise<Station[]> {
  return Promise.all(
    transports.map(async (transport) => {
      const draw = createDraw(seed, transport);
      const options = {isBounded: true, malice: malice[transport], log: () => {}};
      const server = await startHostileServer(transport, draw.fork('server'), options);
      const connector = undiciConnector({
        limit: sideBySide,
        ...(server.authority !== undefined && {tls: {ca: server.authority}}),
        ...(transport === 'http2' && {http2: true}),
      });
      const session = createSession({
        connector,
        retry: {retries: 1, minDelay: 1, maxDelay: 5, maxRetryAfter: 20, budget: false},
        timeout: {read: 1_000, connect: 3_000, total: 4_000},
      });
      return {session, connector, server, draw};
    }),
  );
}

/** Makes calls one after the other, as long as there are some to make. */
async function callInTurn(station: Station): Promise<void> {
  const {session, server, draw} = station;
  const caller = {
    session,
    origin: server.origin,
    isBounded: true,
    log: () => {},
    fail: (what: string) => void faults.push(what),
  };
  while (made < requests) {
    const index = made++;
    if (index % 5_000 === 0) {
      peak = Math.max(peak, process.memoryUsage().heapUsed);
      // Frees the slots of responses that were left unread.
      globalThis.gc?.();
    }
    count(
      await (draw.chance(oddShare)
        ? makeCall(draw.fork(index), caller, index).ended
        : callPlainly(station, index)),
    );
  }
}

async function callPlainly({session, server, draw}: Station, index: number): Promise<string> {
  const controller = draw.chance(abortedShare) ? new AbortController() : undefined;
  const reason = new Error('given up');
  if (controller) void afterTurns(draw.int(8), () => controller.abort(reason));
  const init = draw.chance(0.2) ? {method: 'POST', body: 'b'.repeat(draw.int(2_000))} : {};
  try {
    const response = await session.fetch(`${server.origin}/${index}`, {
      ...init,
      ...(controller && {signal: controller.signal}),
      maxResponseSize: largestResponse,
    });
    await response.text();
    return String(response.status);
  } catch (error) {
    if (error === reason) return 'aborted';
    if (error instanceof AiofetchError)
      return error.code === 'ERR_TIMEOUT' ? `timeout ${error.phase}` : error.code;
    faults.push(`a plain call threw ${(error as Error | undefined)?.stack ?? String(error)}`);
    return 'untyped';
  }
}

async function afterTurns(count: number, then: () => void): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
  then();
}

function perSecond(): string {
  return Math.round(done / ((performance.now() - start) / 1_000)).toLocaleString('en');
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;

function report(stations: readonly Station[]): void {
  const totals = stations.map(({session}) => session.stats().totals);
  const sum = (name: keyof (typeof totals)[number]) =>
    totals.reduce((all, of) => all + of[name], 0).toLocaleString('en');
  console.log(`\n${done.toLocaleString('en')} requests, ${perSecond()} a second, seed ${seed}`);
  console.log(`  sent ${sum('sent')}, on ${sum('opened')} connections, reused ${sum('reused')} times`);
  console.log(`  attempts ${sum('attempts')}, retries ${sum('retries')}, failed calls ${sum('errors')}`);
  console.log(`  bytes sent ${sum('bytesSent')}, received ${sum('bytesReceived')}`);
  for (const [end, times] of [...ends].sort(([, one], [, other]) => other - one)) {
    console.log(`  ${end}: ${times.toLocaleString('en')}`);
  }
}

async function run(): Promise<void> {
  console.log(`${requests.toLocaleString('en')} requests, seed ${seed}`);
  const stations = await openStations();
  const progress = setInterval(
    () =>
      console.log(
        `${done.toLocaleString('en')} done, ${perSecond()} a second, heap ${megabytes(process.memoryUsage().heapUsed)}`,
      ),
    interval,
  );
  await Promise.all(
    stations.flatMap((station) => Array.from({length: sideBySide}, () => callInTurn(station))),
  );
  clearInterval(progress);
  // A response that was left unread holds its slot until it is collected, or until the session closes.
  await Promise.all(stations.map(({session}) => session.close({timeout: 5_000})));
  await Promise.all(stations.map(({connector}) => connector.close()));
  report(stations);
  for (const {session, server} of stations) {
    const {connector, active, queued, idle} = session.stats();
    console.log(
      `  left of ${connector} for ${server.origin}: ${active} active, ${queued} queued, ${idle} idle`,
    );
    if (active + queued + idle > 0)
      faults.push(`slots are left: ${active} active, ${queued} queued, ${idle} idle`);
    await server.close();
  }
  const last = heapUsed();
  console.log(
    `  heap: ${megabytes(early)} after a tenth, ${megabytes(peak)} at most, ${megabytes(last)} at the end`,
  );
  // Sockets close in a later turn than the sessions, and the server's after the client's.
  const handlesLeft = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP'));
  const left = () =>
    sockets.size + stations.reduce((sum, {server}) => sum + server.open, 0) + handlesLeft().length;
  for (let waits = 200; waits > 0 && left() > 0; waits--) await delay(10);
  for (const {server} of stations) {
    if (server.open > 0) faults.push(`${server.origin} has ${server.open} open connections`);
  }
  const handles = handlesLeft();
  console.log(
    `  open sockets: ${sockets.size} of the client; ${handles.length} handles of TCP in the process`,
  );
  if (sockets.size > 0) faults.push(`the client has left ${sockets.size} sockets`);
  if (handles.length > 0) faults.push(`handles are left: ${handles.join(', ')}`);
  if (done !== requests) faults.push(`${requests - done} calls have not settled`);
  if (last - early > growth) faults.push(`the heap grew by ${megabytes(last - early)}`);
}

await run();
for (const fault of faults.slice(0, 20)) console.error(`FAULT: ${fault}`);
console.log(faults.length === 0 ? 'Nothing is off.' : `${faults.length} things are off.`);
process.exitCode = faults.length === 0 ? 0 : 1;
