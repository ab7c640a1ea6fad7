import {getEventListeners} from 'node:events';
import {setImmediate as nextTurn} from 'node:timers/promises';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import type {Policy, Session} from '../../../src/index.ts';
import {createSession} from '../../../src/index.ts';
import {noHosts} from '../../support/no-hosts.ts';
import {waitForGc} from '../../support/wait-for.ts';

/** The server's reaction to a call. */
const answers = {
  json: () => ({a: 1}),
  nothing: () => undefined,
  status: () => new Response('no', {status: 500}),
  large: () => new Response(new Uint8Array(300_000)),
  hang: () => new Promise(() => {}),
  late: () =>
    nextTurn()
      .then(nextTurn)
      .then(() => ({late: true})),
  fail: () => Promise.reject(new Error('mine')),
  break: () => Promise.reject(new TypeError('fetch failed')),
  hangingBody: () => new Response(new ReadableStream()),
  brokenBody: () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(1));
          controller.error(new TypeError('terminated'));
        },
      }),
    ),
  redirect: () => new Response('moved', {status: 307, headers: {location: 'https://b.test/json'}}),
  loop: () => new Response(null, {status: 302, headers: {location: '#'}}),
} satisfies Record<string, () => unknown>;
type Answer = keyof typeof answers;

/** The caller's use of a response. */
const uses: Record<string, (response: Response) => Promise<unknown>> = {
  read: (response) => response.text(),
  cancel: async (response) => response.body?.cancel(),
  forget: async () => {},
  clone: (response) => Promise.all([response.clone().text(), response.text()]),
  peek: async (response) => void (await response.body?.getReader().read()),
};

interface Plan {
  readonly from: 'session' | 'child' | 'grandchild';
  readonly by: 'fetch' | 'get' | 'post';
  readonly host: 'a' | 'b' | 'c';
  readonly answer: Answer;
  readonly use: string;
  /** The turns of the event loop before the call starts, and from then until it is aborted. */
  readonly starts: number;
  readonly aborts: number | undefined;
  readonly timeout: number | undefined;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  from: fc.constantFrom('session', 'child', 'grandchild'),
  by: fc.constantFrom('fetch', 'get', 'post'),
  host: fc.constantFrom('a', 'b', 'c'),
  answer: fc.constantFrom(...(Object.keys(answers) as Answer[])),
  use: fc.constantFrom(...Object.keys(uses)),
  starts: fc.nat(4),
  aborts: fc.option(fc.nat(5), {nil: undefined}),
  timeout: fc.option(fc.integer({min: 1, max: 20}), {nil: undefined}),
});

const twice: Policy = (next) => (request) =>
  next(request).catch((error: Error) => {
    if (error.message === 'mine') return next(request);
    throw error;
  });

async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await nextTurn();
}

async function follow(
  session: Session,
  plan: Plan,
  signal: AbortSignal,
  abort: () => void,
): Promise<unknown> {
  await turns(plan.starts);
  const url = `https://${plan.host}.test/${plan.answer}`;
  const {timeout} = plan;
  const running = session[plan.by](url, {signal, timeout, ...(plan.by === 'post' && {json: {}})} as object);
  if (plan.aborts !== undefined) void turns(plan.aborts).then(abort);
  return uses[plan.use]?.(await running);
}

describe('any outcome of calls', () => {
  it('a session settles all its calls, leaves nothing behind, and closes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plan, {minLength: 1, maxLength: 15}),
        fc.integer({min: 1, max: 4}),
        fc.nat(2),
        fc.boolean(),
        fc.constantFrom('close', 'destroy'),
        fc.nat(8),
        async (plans, limit, limitPerHost, withPolicy, end, endsAfter) => {
          const connector = mockConnector(({url}) => answers[new URL(url).pathname.slice(1) as Answer](), {
            limit,
            limitPerHost,
          });
          const session = createSession({connector, policies: withPolicy ? [twice] : []});
          const child = session.extend({});
          const sessions = {session, child, grandchild: child.extend({headers: {x: '1'}})};
          const controllers = plans.map(() => new AbortController());
          const calls = plans.map((plan, index) => {
            const controller = controllers[index] as AbortController;
            return follow(sessions[plan.from], plan, controller.signal, () => controller.abort('stop'));
          });
          const settled = Promise.allSettled(calls);
          await turns(endsAfter);
          const ending = end === 'close' ? session.close({timeout: 15}) : session.destroy();
          await ending;
          await settled;
          await connector.close();

          expect(session.stats()).toMatchObject({active: 0, queued: 0, hosts: noHosts});
          for (const {signal} of controllers) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
          const made = Object.values(sessions).map(({stats}) => stats().totals);
          for (const {requests, errors} of made) expect(errors).toBeLessThanOrEqual(requests);
          for (const {closed} of Object.values(sessions)) expect(closed).toBe(true);
        },
      ),
      {numRuns: 150},
    );
  });
});

describe('a session that nothing references', () => {
  it('an unreferenced session is garbage-collected, also a child of a session that stays', async () => {
    const session = createSession({connector: mockConnector(() => 'x')});
    let isCollected = false;
    // No WeakRef, because reading one keeps its target alive.
    const registry = new FinalizationRegistry(() => {
      isCollected = true;
    });
    await (async () => {
      const child = session.extend({});
      await child.get('https://a.test/').json();
      registry.register(child, undefined);
    })();
    await waitForGc(() => isCollected);
    await session.close();
  });
});
