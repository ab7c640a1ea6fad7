import type {IncomingMessage, ServerResponse} from 'node:http';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import {undiciConnector} from '../../../src/connectors/undici/index.ts';
import type {Connector, Session} from '../../../src/index.ts';
import {createSession} from '../../../src/index.ts';
import {startServer} from '../../support/http-server.ts';
import {noHosts} from '../../support/no-hosts.ts';
import {waitFor} from '../../support/wait-for.ts';

/** How a call may end, and what its caller may do. */
type Kind = 'fine' | 'empty' | 'redirect' | 'loop' | 'error' | 'hold' | 'stall' | 'reset' | 'cut';
type Act = 'read' | 'cancel' | 'leave' | 'abort';

interface Operation {
  readonly host: number;
  readonly kind: Kind;
  readonly act: Act;
  /** The number of turns before the abort. */
  readonly turns: number;
}

const operation: fc.Arbitrary<Operation> = fc.record({
  host: fc.integer({min: 0, max: 2}),
  kind: fc.constantFrom('fine', 'empty', 'redirect', 'loop', 'error', 'hold', 'stall', 'reset', 'cut'),
  act: fc.constantFrom('read', 'cancel', 'leave', 'abort'),
  turns: fc.integer({min: 0, max: 8}),
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Whether the call fails by itself; `undefined` when that depends on the moment. */
const failsOf: Record<Kind, boolean | undefined> = {
  fine: false,
  empty: false,
  redirect: false,
  loop: true,
  error: false,
  hold: undefined,
  stall: undefined,
  reset: true,
  cut: true,
};

/** Makes one call, and returns whether its caller got an error. */
async function carryOut(session: Session, url: string, {kind, act, turns}: Operation): Promise<boolean> {
  const controller = new AbortController();
  // A call that never ends by itself is aborted.
  const endless = kind === 'hold' || (kind === 'stall' && act !== 'cancel');
  const aborts = act === 'abort' || endless;
  const call = session.fetch(url, {signal: controller.signal});
  if (aborts) {
    void (async () => {
      for (let index = 0; index < turns; index++) await turn();
      controller.abort(new Error('enough'));
    })();
  }
  try {
    const response = await call;
    if (act === 'cancel' || act === 'leave') await response.body?.cancel();
    else await response.text();
    return false;
  } catch {
    return true;
  }
}

function sumOf(session: Session): {active: number; queued: number; idle: number} {
  const sum = {active: 0, queued: 0, idle: 0};
  for (const {active, queued, idle} of Object.values(session.stats().hosts)) {
    sum.active += active;
    sum.queued += queued;
    sum.idle += idle;
  }
  return sum;
}

/** Checks the figures at every turn of the event loop, until it is stopped. */
function watch(session: Session, limitPerHost: number, violations: string[]): () => void {
  let running = true;
  void (async () => {
    while (running) {
      const {active, queued, idle, limit, hosts} = session.stats();
      const sum = sumOf(session);
      if (sum.active !== active || sum.queued !== queued || sum.idle !== idle) {
        violations.push(`hosts have ${JSON.stringify(sum)} of ${JSON.stringify({active, queued, idle})}`);
      }
      if (active + idle > limit) violations.push(`${active} active and ${idle} idle of ${limit}`);
      for (const [origin, host] of Object.entries(hosts)) {
        if (host.active > limitPerHost) violations.push(`${host.active} active on ${origin}`);
        if (Math.min(host.active, host.queued, host.idle) < 0) violations.push(`negative on ${origin}`);
        if (host.active + host.queued + host.idle === 0) violations.push(`${origin} has nothing`);
      }
      await turn();
    }
  })();
  return () => {
    running = false;
  };
}

async function check(
  connector: Connector,
  origins: readonly string[],
  operations: readonly Operation[],
  limitPerHost: number,
): Promise<Session> {
  const session = createSession({connector, retry: false});
  const violations: string[] = [];
  const stop = watch(session, limitPerHost, violations);
  const heard = await Promise.all(
    operations.map((each) => carryOut(session, `${origins[each.host]}/${each.kind}`, each)),
  );
  stop();
  const {active, queued, totals} = session.stats();
  expect(violations).toEqual([]);
  expect({active, queued}).toEqual({active: 0, queued: 0});
  expect(sumOf(session)).toMatchObject({active: 0, queued: 0});
  expect(totals.requests).toBe(operations.length);
  expect(totals.errors).toBe(heard.filter(Boolean).length);
  for (const [index, {kind, act}] of operations.entries()) {
    if (act === 'read' && failsOf[kind] !== undefined)
      expect([kind, heard[index]]).toEqual([kind, failsOf[kind]]);
  }
  return session;
}

describe('statistics under random requests, responses and aborts', () => {
  it('the figures are right at every turn, and at the end agree with the log of a real server', async () => {
    const respond = (request: IncomingMessage, response: ServerResponse) => {
      switch (request.url?.slice(1)) {
        case 'redirect':
          return response.writeHead(302, {location: '/fine'}).end('moved');
        case 'loop':
          return response.writeHead(302, {location: '/loop'}).end();
        case 'empty':
          return response.writeHead(204).end();
        case 'error':
          return response.writeHead(500).end('no');
        case 'hold':
          return undefined;
        case 'stall':
          return response.write('first');
        case 'reset':
          return request.socket.resetAndDestroy();
        case 'cut':
          response.writeHead(200, {'content-length': 10}).write('first');
          return setImmediate(() => request.socket.destroy());
        default:
          return response.end('fine');
      }
    };
    const servers = [await startServer(respond), await startServer(respond), await startServer(respond)];
    const origins = servers.map(({origin}) => origin);
    await fc.assert(
      fc.asyncProperty(fc.array(operation, {maxLength: 40}), async (operations) => {
        const before = servers.map(({requests, sockets}) => ({
          requests: requests.length,
          opened: sockets.opened,
        }));
        const connector = undiciConnector({limit: 6, limitPerHost: 3});
        const session = await check(connector, origins, operations, 3);
        const {idle, totals} = session.stats();
        const count = (of: 'requests' | 'opened') =>
          servers.reduce((sum, {requests, sockets}, index) => {
            const now = of === 'requests' ? requests.length : sockets.opened;
            return sum + now - (before[index]?.[of] as number);
          }, 0);
        // An abort may come before the server has read the request.
        expect(count('requests')).toBeLessThanOrEqual(totals.sent);
        if (!operations.some(({act, kind}) => act === 'abort' || kind === 'hold' || kind === 'stall')) {
          expect(count('requests')).toBe(totals.sent);
          expect(totals.reused + totals.opened).toBeGreaterThanOrEqual(totals.sent);
          expect(count('opened')).toBe(totals.opened);
        }
        expect(idle).toBeLessThanOrEqual(6);
        await session.close();
        await connector.close();
        expect(connector.stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
        await waitFor(() => servers.every(({sockets}) => sockets.open.size === 0));
      }),
      {numRuns: 40},
    );
  });

  it('the figures of a mock connector are right at every turn and at the end', async () => {
    const origins = ['https://a.test', 'https://b.test', 'https://c.test'];
    await fc.assert(
      fc.asyncProperty(fc.array(operation, {maxLength: 40}), async (operations) => {
        const connector = mockConnector(
          async (call) => {
            await turn();
            switch (new URL(call.url).pathname.slice(1)) {
              case 'redirect':
                return Response.redirect(`${new URL(call.url).origin}/fine`);
              case 'loop':
                return Response.redirect(call.url);
              case 'empty':
                return undefined;
              case 'error':
                return new Response('no', {status: 500});
              case 'hold':
                return new Promise(() => {});
              case 'stall':
                return new Response(new ReadableStream());
              case 'reset':
                throw new TypeError('fetch failed');
              case 'cut':
                return new Response(
                  new ReadableStream({
                    pull() {
                      throw new TypeError('terminated');
                    },
                  }),
                );
              default:
                return new Response('fine');
            }
          },
          {limit: 6, limitPerHost: 3},
        );
        const session = await check(connector, origins, operations, 3);
        expect(connector.calls.length).toBeGreaterThanOrEqual(session.stats().totals.sent);
        await session.close();
        await connector.close();
      }),
      {numRuns: 60},
    );
  });
});
