import {setTimeout as delay, setImmediate as turn} from 'node:timers/promises';
import {undiciConnector} from '../../../src/connectors/undici/index.ts';
import type {Policy, SessionOptions} from '../../../src/index.ts';
import {circuitBreakerPolicy, createSession, hedgePolicy, singleFlightPolicy} from '../../../src/index.ts';
import type {Caller} from './call.ts';
import {makeCall} from './call.ts';
import type {Draw} from './draw.ts';
import {createDraw} from './draw.ts';
import {startHostileProxy} from './hostile-proxy.ts';
import type {HostileServer, Transport} from './hostile-server.ts';
import {startHostileServer, transports} from './hostile-server.ts';
import type {Log, Note} from './log.ts';
import {textOf} from './log.ts';

/** What a scenario came to. */
export interface ScenarioResult {
  readonly number: number;
  readonly transport: Transport;
  /** How each call ended: a status, the code of an error, or `aborted`. */
  readonly ends: readonly string[];
  /** What must not have happened. */
  readonly faults: readonly string[];
  /** Tells what happened, in order. */
  log(): readonly string[];
}

// No scenario needs a tenth of it. A busy machine may.
const patience = 30_000;

/**
 * Plays one scenario: a session makes calls to a server that goes wrong, and is closed. Everything is drawn from the seed and
 * the number. Only the order in which the event loop reports things differs between two runs.
 */
export async function playScenario(seed: number, number: number): Promise<ScenarioResult> {
  const draw = createDraw(seed, number);
  const transport = transports[number % transports.length] as Transport;
  const log: Array<readonly [at: number, what: Note]> = [];
  const faults: string[] = [];
  const began = performance.now();
  const note = (what: Note) => {
    if (log.length < 500) log.push([performance.now() - began, what]);
  };
  const fail = (what: string) => {
    faults.push(what);
    note(`FAULT: ${what}`);
  };
  const ends: string[] = [];
  const steps = {now: 'calls', show: () => ''};
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      fail(`hangs: ${steps.now} ${steps.show()}`);
      resolve();
    }, patience);
  });
  await Promise.race([late, play(draw, transport, {note, fail, ends, steps})]);
  clearTimeout(timer);
  return {
    number,
    transport,
    ends,
    faults,
    log: () => log.map(([at, what]) => `${at.toFixed(1)} ${textOf(what)}`),
  };
}

interface Notes {
  readonly note: Log;
  readonly fail: (what: string) => void;
  readonly ends: string[];
  /** What the scenario waits for. */
  readonly steps: {now: string; show: () => string};
}

async function play(draw: Draw, transport: Transport, {note, fail, ends, steps}: Notes): Promise<void> {
  const isBounded = draw.chance(0.6);
  const malice = draw.pick([0.3, 1, 1, 1.4]);
  const server = await startHostileServer(transport, draw.fork('server'), {isBounded, malice, log: note});
  const proxy = draw.chance(0.2)
    ? await startHostileProxy(transport, draw.fork('proxy'), {server, malice, log: note})
    : undefined;
  const {connector, session} = openSession(draw.fork('session'), transport, server, proxy?.url);
  steps.show = () => JSON.stringify(session.stats());
  const caller: Caller = {session, origin: server.origin, isBounded, log: note, fail};
  const calls = [];
  const count = Number(draw.weighted({1: 6, 2: 3, 3: 1, 5: 0.5}));
  const inTurn = draw.chance(0.4);
  const closesEarly = draw.chance(0.12);
  const stopsAfter = draw.chance(malice * 0.06) ? draw.int(count) : undefined;
  for (let index = 0; index < count; index++) {
    const call = makeCall(draw.fork('call', index), caller, index);
    calls.push(call);
    if (index === stopsAfter) void stopSoon(server, draw.int(4), note);
    if (inTurn) await call.ended;
  }
  const ended = Promise.all(calls.map((call) => call.ended));
  const how = draw.weighted({close: 4, 'close in time': 2, destroy: 2});
  if (!closesEarly) {
    ends.push(...(await ended));
    steps.now = 'slots that are given back';
    if (!calls.some(({leavesBody}) => leavesBody)) await untilIdle(session);
  }
  note(how);
  steps.now = how;
  if (how === 'close') await session.close();
  else if (how === 'close in time') await session.close({timeout: 1 + draw.int(60)});
  else await session.destroy(draw.chance(0.5) ? new Error('all over') : undefined);
  steps.now = 'calls after the end of the session';
  if (closesEarly) ends.push(...(await ended));
  steps.now = 'the end of the connector';
  await (how === 'destroy' ? connector.destroy() : connector.close());
  const {active, queued, idle, hosts} = session.stats();
  if (active + queued + idle > 0 || Object.keys(hosts).length > 0) {
    fail(`leaves ${active} active, ${queued} queued, ${idle} idle, of ${Object.keys(hosts).length} hosts`);
  }
  for (const call of calls) call.check();
  steps.now = `sockets of the server`;
  await server.close();
  await proxy?.close();
}

/** The server stops listening in one of the next turns: connections that the kernel has accepted by then are reset. */
async function stopSoon(server: HostileServer, turns: number, note: Log): Promise<void> {
  for (let left = turns; left > 0; left--) await turn();
  note('the server stops listening');
  server.stop();
}

/** Waits until no slot is in use. A discarded body holds one for up to a second. */
async function untilIdle(session: {
  stats(): {readonly active: number; readonly queued: number};
}): Promise<void> {
  for (;;) {
    const {active, queued} = session.stats();
    if (active + queued === 0) return;
    await delay(2);
  }
}

function openSession(
  draw: Draw,
  transport: Transport,
  {origin, authority}: HostileServer,
  proxy: string | undefined,
) {
  const connector = undiciConnector({
    limit: draw.pick([1, 2, 3, 0]),
    ...(draw.chance(0.2) && {limitPerHost: 1 + draw.int(3)}),
    ...(draw.chance(0.2) && {keepAliveTimeout: 1 + draw.int(30)}),
    ...(draw.chance(0.1) && {forceClose: true}),
    ...(draw.chance(0.1) && {maxRequestsPerConnection: 2}),
    ...(authority !== undefined && {tls: {ca: authority}}),
    ...(transport === 'http2' && {http2: true}),
    ...(proxy !== undefined && {proxy}),
  });
  const policies: Policy[] = [];
  if (draw.chance(0.12)) policies.push(circuitBreakerPolicy({minimum: 5, openFor: 20}));
  if (draw.chance(0.15)) policies.push(hedgePolicy({delay: draw.int(20), budget: false}));
  if (draw.chance(0.15)) policies.push(singleFlightPolicy());
  const options: SessionOptions = {
    connector,
    baseUrl: origin,
    timeout: {
      read: 70 + draw.int(90),
      total: 400 + draw.int(400),
      connect: 200 + draw.int(120),
      ...(draw.chance(0.25) && {attempt: 60 + draw.int(120)}),
      ...(draw.chance(0.25) && {pool: 30 + draw.int(120)}),
    },
    retry: draw.chance(0.5) ? false : {retries: 1, minDelay: 1, maxDelay: 5, maxRetryAfter: 50},
    ...(draw.chance(0.1) && {rateLimit: {requests: 3, per: 30}}),
    ...(draw.chance(0.1) && {auth: {basic: {username: 'ada', password: 'secret'}}}),
    policies,
  };
  return {connector, session: createSession(options)};
}
