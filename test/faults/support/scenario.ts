import {setTimeout as delay} from 'node:timers/promises';
import {undiciConnector} from '../../../src/connectors/undici/index.ts';
import type {Policy, SessionOptions} from '../../../src/index.ts';
import {circuitBreakerPolicy, createSession, hedgePolicy, singleFlightPolicy} from '../../../src/index.ts';
import type {Caller} from './call.ts';
import {makeCall} from './call.ts';
import type {Draw} from './draw.ts';
import {createDraw} from './draw.ts';
import type {HostileServer, Transport} from './hostile-server.ts';
import {startHostileServer, transports} from './hostile-server.ts';

/** What a scenario came to. */
export interface ScenarioResult {
  readonly number: number;
  readonly transport: Transport;
  /** How each call ended: a status, the code of an error, or `aborted`. */
  readonly ends: readonly string[];
  /** What must not have happened. */
  readonly faults: readonly string[];
  /** What happened, in order. */
  readonly log: readonly string[];
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
  const log: string[] = [];
  const faults: string[] = [];
  const began = performance.now();
  const note = (what: string) => {
    if (log.length < 500) log.push(`${(performance.now() - began).toFixed(1)} ${what}`);
  };
  const fail = (what: string) => {
    faults.push(what);
    note(`FAULT: ${what}`);
  };
  const ends: string[] = [];
  const controller = new AbortController();
  const steps = {now: 'calls', show: () => ''};
  const late = delay(patience, undefined, {signal: controller.signal}).then(
    () => fail(`hangs: ${steps.now} ${steps.show()}`),
    () => undefined,
  );
  await Promise.race([late, play(draw, transport, {note, fail, ends, steps})]);
  controller.abort();
  return {number, transport, ends, faults, log};
}

interface Notes {
  readonly note: (what: string) => void;
  readonly fail: (what: string) => void;
  readonly ends: string[];
  /** What the scenario waits for. */
  readonly steps: {now: string; show: () => string};
}

async function play(draw: Draw, transport: Transport, {note, fail, ends, steps}: Notes): Promise<void> {
  const isBounded = draw.chance(0.6);
  const malice = draw.pick([0.3, 1, 1, 1.4]);
  const server = await startHostileServer(transport, draw.fork('server'), {isBounded, malice, log: note});
  const {connector, session} = openSession(draw.fork('session'), transport, server);
  steps.show = () => JSON.stringify(session.stats());
  const caller: Caller = {session, origin: server.origin, isBounded, log: note, fail};
  const calls = [];
  const count = 1 + draw.int(6);
  const inTurn = draw.chance(0.4);
  const closesEarly = draw.chance(0.12);
  for (let index = 0; index < count; index++) {
    const call = makeCall(draw.fork('call', index), caller, index);
    calls.push(call);
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

function openSession(draw: Draw, transport: Transport, {origin, authority}: HostileServer) {
  const connector = undiciConnector({
    limit: draw.pick([1, 2, 3, 0]),
    ...(draw.chance(0.2) && {limitPerHost: 1 + draw.int(3)}),
    ...(draw.chance(0.2) && {keepAliveTimeout: 1 + draw.int(30)}),
    ...(draw.chance(0.1) && {forceClose: true}),
    ...(draw.chance(0.1) && {maxRequestsPerConnection: 2}),
    ...(authority !== undefined && {tls: {ca: authority}}),
    ...(transport === 'http2' && {http2: true}),
  });
  const policies: Policy[] = [];
  if (draw.chance(0.12)) policies.push(circuitBreakerPolicy({minimum: 5, openFor: 20}));
  if (draw.chance(0.15)) policies.push(hedgePolicy({delay: draw.int(20), budget: false}));
  if (draw.chance(0.15)) policies.push(singleFlightPolicy());
  const options: SessionOptions = {
    connector,
    baseUrl: origin,
    timeout: {
      read: 80 + draw.int(120),
      total: 600 + draw.int(600),
      connect: 250 + draw.int(150),
      ...(draw.chance(0.25) && {attempt: 100 + draw.int(200)}),
      ...(draw.chance(0.25) && {pool: 40 + draw.int(200)}),
    },
    retry: draw.chance(0.5) ? false : {retries: 2, minDelay: 1, maxDelay: 5, maxRetryAfter: 50},
    ...(draw.chance(0.1) && {rateLimit: {requests: 3, per: 30}}),
    ...(draw.chance(0.1) && {auth: {basic: {username: 'ada', password: 'secret'}}}),
    policies,
  };
  return {connector, session: createSession(options)};
}
