import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Waiter} from '../../../../src/connectors/limits/limits.ts';
import {HostSlots, Limits} from '../../../../src/connectors/limits/limits.ts';
import type {Linked, LinkedList} from '../../../../src/utils/linked-list.ts';
import {recordedLimit} from '../../../support/recorded-limit.ts';

/** A request for a slot of `host`, which records when it gets one. */
class Request implements Waiter {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;
  readonly host: string;
  readonly onGranted: (request: Request) => void;

  constructor(host: string, onGranted: (request: Request) => void = () => {}) {
    this.host = host;
    this.onGranted = onGranted;
  }

  emit(): void {}

  granted(): void {
    this.onGranted(this);
  }
}

function slots({limit = 0, limitPerHost = 0} = {}) {
  const limits = new Limits(limit, limitPerHost, (key) => new HostSlots(key));
  /** The requests in the order in which they got their slots. */
  const granted: Request[] = [];
  const note = (request: Request) => granted.push(request);
  return {
    limits,
    granted,
    ask(host: string, onGranted: (request: Request) => void = note): Request {
      const request = new Request(host, onGranted);
      if (limits.acquire(limits.host(host), request)) request.granted();
      return request;
    },
    release: (request: Request) => limits.release(limits.host(request.host)),
    leave: (request: Request) => limits.leave(limits.host(request.host), request),
  };
}

describe('limit', () => {
  it('limit grants that many slots, and queues further requests', () => {
    const {ask, granted, limits} = slots({limit: 2});
    for (let index = 0; index < 5; index++) ask('a');
    expect(granted).toHaveLength(2);
    expect(limits).toMatchObject({active: 2, queued: 3});
  });

  it.each([0, Infinity])('a limit of %s does not limit anything', (limit) => {
    const {ask, granted, limits} = slots({limit, limitPerHost: limit});
    for (let index = 0; index < 1_000; index++) ask('a');
    expect(granted).toHaveLength(1_000);
    expect(limits).toMatchObject({active: 1_000, queued: 0});
  });

  it('a freed slot goes to the request that has waited longest', () => {
    const {ask, granted, release} = slots({limit: 1});
    const [first, second, third] = [ask('a'), ask('a'), ask('a')];
    release(first);
    expect(granted).toEqual([first, second]);
    release(second);
    expect(granted).toEqual([first, second, third]);
  });
});

describe('limitPerHost', () => {
  it('limitPerHost holds back requests to a host without free slots, and to no other host', () => {
    const {ask, granted} = slots({limitPerHost: 1});
    const [a1, , b1] = [ask('a'), ask('a'), ask('b')];
    expect(granted).toEqual([a1, b1]);
  });

  it('a request that its host holds back does not wait for a slot of the total', () => {
    const {ask, granted, release} = slots({limit: 2, limitPerHost: 1});
    const a1 = ask('a');
    ask('a');
    ask('a');
    const b1 = ask('b');
    const c1 = ask('c');
    expect(granted).toEqual([a1, b1]);
    release(b1);
    expect(granted).toEqual([a1, b1, c1]);
  });
});

describe('a limitPerHost that changes', () => {
  function movingSlots(first: number, limit = 0) {
    const moving = recordedLimit(first);
    const limits = new Limits(limit, moving, (key) => new HostSlots(key));
    const granted: Request[] = [];
    const ask = (host: string) => {
      const request = new Request(host, (each) => {
        granted.push(each);
        const {active, limit: most} = limits.host(host);
        expect(active).toBeLessThanOrEqual(most);
      });
      if (limits.acquire(limits.host(host), request)) request.granted();
      return request;
    };
    const move = (host: string, to: number) => {
      moving.limit = to;
      limits.observe(limits.host(host), 0, 200);
    };
    return {limits, granted, ask, move, samples: moving.samples};
  }

  it('the limit is notified of the outcome of a request, and of the slots in use', () => {
    const {limits, ask, samples} = movingSlots(2);
    for (const host of ['a', 'a', 'b']) ask(host);
    const error = new Error('gone');
    limits.observe(limits.host('a'), 7, undefined, error);
    limits.observe(limits.host('b'), 8, 503);
    const now = expect.any(Number);
    expect(samples).toEqual([
      {origin: 'a', sentAt: 7, now, active: 2, status: undefined, error},
      {origin: 'b', sentAt: 8, now, active: 1, status: 503, error: undefined},
    ]);
  });

  it('waiting requests get slots when the limit grows', () => {
    const {ask, granted, move} = movingSlots(1);
    const [first, second, third, fourth] = Array.from({length: 4}, () => ask('a'));
    expect(granted).toEqual([first]);
    move('a', 3);
    expect(granted).toEqual([first, second, third]);
    move('a', 5);
    expect(granted).toEqual([first, second, third, fourth]);
  });

  it('a lower limit takes no slot away, and grants none until enough slots are freed', () => {
    const {limits, ask, granted, move} = movingSlots(3);
    for (let index = 0; index < 6; index++) ask('a');
    move('a', 2);
    expect(granted).toHaveLength(3);
    limits.release(limits.host('a'));
    expect(granted).toHaveLength(3);
    limits.release(limits.host('a'));
    expect(granted).toHaveLength(4);
    expect(limits).toMatchObject({active: 2, queued: 2});
  });

  it('a host that has reached its changed limit does not wait for a slot of the total', () => {
    const {limits, ask, granted, move} = movingSlots(2, 3);
    const first = [ask('a'), ask('b'), ask('c')];
    ask('a');
    const b2 = ask('b');
    // All slots are in use, so `a` waits for the next one. Then it has as many slots as its limit allows.
    move('a', 1);
    limits.release(limits.host('c'));
    expect(granted).toEqual([...first, b2]);
  });

  it('a higher limit of a host grants no more slots than the total has left', () => {
    const {ask, granted, move} = movingSlots(1, 3);
    for (let index = 0; index < 9; index++) ask('a');
    move('a', 50);
    expect(granted).toHaveLength(3);
  });

  it('all counts stay right in any sequence of operations', () => {
    const step = fc.oneof(
      fc.record({ask: fc.constantFrom('a', 'b', 'c')}),
      fc.record({release: fc.nat()}),
      fc.record({move: fc.constantFrom('a', 'b', 'c'), to: fc.integer({min: 1, max: 6})}),
    );
    fc.assert(
      fc.property(fc.integer({min: 1, max: 8}), fc.array(step, {maxLength: 120}), (limit, steps) => {
        const {limits, granted, ask, move} = movingSlots(2, limit);
        const active: Request[] = [];
        let seen = 0;
        const grantedNow = () => {
          for (; seen < granted.length; seen++) active.push(granted[seen] as Request);
        };
        for (const each of steps) {
          if ('ask' in each) ask(each.ask);
          else if ('move' in each) move(each.move, each.to);
          else if (active.length > 0) {
            const [request] = active.splice(each.release % active.length, 1) as [Request];
            limits.release(limits.host(request.host));
          }
          grantedNow();
          expect(limits.active).toBe(active.length);
          expect(limits.active).toBeLessThanOrEqual(limit);
          for (const host of limits.hosts.values()) {
            expect(host.active).toBe(active.filter(({host: key}) => key === host.key).length);
            // No request waits that could get a slot.
            if (limits.active < limit && host.waiting.size > 0) {
              expect(host.active).toBeGreaterThanOrEqual(host.limit);
            }
          }
        }
      }),
      {numRuns: 1_000},
    );
  });
});

describe('fairness', () => {
  it('a host with one waiting request gets a slot before the thousand requests of another host are done', () => {
    const {ask, granted, release} = slots({limit: 1});
    for (let index = 0; index < 1_000; index++) ask('busy');
    const quiet = ask('quiet');
    for (let index = 0; index < 5; index++) release(granted.at(-1) as Request);
    expect(granted).toContain(quiet);
  });

  it('a slot stays with its host for a few requests, because moving it costs a connection', () => {
    const {ask, granted, release} = slots({limit: 1});
    for (let index = 0; index < 100; index++) for (const host of ['a', 'b', 'c']) ask(host);
    for (let index = 0; index < 60; index++) release(granted.at(-1) as Request);
    const moves = granted.filter((request, index) => request.host !== granted[index - 1]?.host).length;
    expect(moves).toBeLessThan(granted.length / 4);
    expect(new Set(granted.map(({host}) => host))).toEqual(new Set(['a', 'b', 'c']));
  });

  it('no request waits for ever, in any order of releases', () => {
    const world = fc.record({
      hosts: fc.integer({min: 2, max: 6}),
      limit: fc.integer({min: 1, max: 5}),
      releases: fc.array(fc.nat(), {minLength: 1, maxLength: 200}),
    });
    fc.assert(
      fc.property(world, ({hosts, limit, releases}) => {
        const {ask, granted, release} = slots({limit});
        const active = new Set<Request>();
        // Each host has as many requests as there can be grants, so that no host runs out of them.
        for (let index = 0; index <= releases.length + limit; index++) {
          for (let host = 0; host < hosts; host++) {
            ask(String(host), (request) => {
              granted.push(request);
              active.add(request);
            });
          }
        }
        const since = new Map<string, number>();
        for (const pick of releases) {
          const chosen = [...active][pick % active.size] as Request;
          active.delete(chosen);
          release(chosen);
          const {host} = granted.at(-1) as Request;
          for (let each = 0; each < hosts; each++) {
            const key = String(each);
            since.set(key, key === host ? 0 : (since.get(key) ?? 0) + 1);
            // Each host may keep a freed slot four times before the slot moves to the next host.
            expect(since.get(key)).toBeLessThanOrEqual((4 * limit + 1) * hosts);
          }
        }
      }),
      {numRuns: 100},
    );
  });
});

describe('leaving the queue', () => {
  it('a request leaves the middle of the queue at once, and the others keep their order', () => {
    const {ask, granted, leave, limits, release} = slots({limit: 1});
    const [first, second, third, fourth] = [ask('a'), ask('a'), ask('a'), ask('a')];
    expect(leave(third)).toBe(true);
    expect(limits.queued).toBe(2);
    release(first);
    release(second);
    expect(granted).toEqual([first, second, fourth]);
  });

  it('leave() returns false for a request that is not in the queue', () => {
    const {ask, leave} = slots({limit: 1});
    const first = ask('a');
    const second = ask('a');
    expect(leave(first)).toBe(false);
    expect(leave(second)).toBe(true);
    expect(leave(second)).toBe(false);
  });

  it('a request that releases its slot while it is being granted passes the slot on', () => {
    const {ask, granted, limits, release} = slots({limit: 1});
    const first = ask('a');
    ask('a', (request) => release(request));
    const third = ask('a');
    release(first);
    expect(granted).toEqual([first, third]);
    expect(limits).toMatchObject({active: 1, queued: 0});
  });

  it('a hundred thousand requests can be granted and released in a row without a growing stack', () => {
    const {ask, limits, release} = slots({limit: 1});
    const first = ask('a');
    let passed = 0;
    for (let index = 0; index < 100_000; index++) {
      ask(String(index % 100), (request) => {
        passed++;
        release(request);
      });
    }
    release(first);
    expect(passed).toBe(100_000);
    expect(limits).toMatchObject({active: 0, queued: 0});
  });
});

describe('the record of a host', () => {
  it('a host has one record while it has active or queued requests, and the record is deleted with the last', () => {
    const {ask, limits, release} = slots({limit: 1});
    const request = ask('a');
    const host = limits.host('a');
    limits.forget(host);
    expect(limits.host('a')).toBe(host);
    release(request);
    limits.forget(host);
    expect(limits.hosts.size).toBe(0);
  });

  it('deleting an old record of a host keeps a newer one', () => {
    const {limits, ask} = slots({limit: 1});
    const old = limits.host('a');
    limits.forget(old);
    const request = ask('a');
    limits.forget(old);
    expect(limits.hosts.get('a')).toBe(limits.host(request.host));
    expect(limits.hosts.size).toBe(1);
  });
});

describe('any sequence of acquiring, leaving and releasing', () => {
  const hosts = ['a', 'b', 'c', 'd'];
  const action = fc.oneof(
    {weight: 4, arbitrary: fc.record({type: fc.constant('ask' as const), host: fc.constantFrom(...hosts)})},
    // Some requests release their slot as soon as it is granted.
    {weight: 1, arbitrary: fc.record({type: fc.constant('pass' as const), host: fc.constantFrom(...hosts)})},
    {weight: 3, arbitrary: fc.record({type: fc.constant('release' as const), pick: fc.nat()})},
    {weight: 2, arbitrary: fc.record({type: fc.constant('leave' as const), pick: fc.nat()})},
  );
  const plan = fc.record({
    limit: fc.integer({min: 0, max: 5}),
    limitPerHost: fc.integer({min: 0, max: 3}),
    actions: fc.array(action, {maxLength: 150}),
  });

  it('in any sequence, limits hold, hosts are served in order, no free slot is withheld, and all counts end at zero', () => {
    fc.assert(
      fc.property(plan, ({limit, limitPerHost, actions}) => {
        const {limits} = slots({limit, limitPerHost});
        const most = limit || Infinity;
        const mostPerHost = limitPerHost || Infinity;
        // The expected state, in the simplest form.
        const queues = new Map<string, Request[]>(hosts.map((host) => [host, []]));
        const active: Request[] = [];
        const queueOf = (request: Request) => queues.get(request.host) as Request[];
        const activeOf = (host: string) => active.filter((request) => request.host === host).length;

        function ask(host: string, passes: boolean): void {
          const request = new Request(host, (granted) => {
            expect(queueOf(granted).shift()).toBe(granted);
            active.push(granted);
            expect(active.length).toBeLessThanOrEqual(most);
            expect(activeOf(granted.host)).toBeLessThanOrEqual(mostPerHost);
            if (passes) release(granted);
          });
          queueOf(request).push(request);
          if (limits.acquire(limits.host(host), request)) request.granted();
        }

        function release(request: Request): void {
          active.splice(active.indexOf(request), 1);
          const host = limits.host(request.host);
          limits.release(host);
          limits.forget(host);
        }

        function check(): void {
          const waiting = [...queues.values()].flat();
          expect(limits.active).toBe(active.length);
          expect(limits.queued).toBe(waiting.length);
          const mayGo = waiting.filter(({host}) => activeOf(host) < mostPerHost);
          if (active.length < most) expect(mayGo).toEqual([]);
        }

        for (const step of actions) {
          if (step.type === 'ask' || step.type === 'pass') {
            ask(step.host, step.type === 'pass');
          } else if (step.type === 'release' && active.length > 0) {
            release(active[step.pick % active.length] as Request);
          } else if (step.type === 'leave') {
            const waiting = [...queues.values()].flat();
            const request = waiting[step.pick % (waiting.length || 1)];
            if (request) {
              queueOf(request).splice(queueOf(request).indexOf(request), 1);
              const host = limits.host(request.host);
              expect(limits.leave(host, request)).toBe(true);
              limits.forget(host);
            }
          }
          check();
        }

        for (let request = active[0]; request; request = active[0]) release(request);
        expect(limits).toMatchObject({active: 0, queued: 0});
        expect([...queues.values()].flat()).toEqual([]);
        expect(limits.hosts.size).toBe(0);
      }),
      {numRuns: 300},
    );
  });
});

describe('the cost of an operation', () => {
  it('the cost of an operation does not grow with the length of the queue', () => {
    // Quadratic work on this number of requests would take minutes.
    const {ask, granted, leave, limits, release} = slots({limit: 50, limitPerHost: 2});
    const requests = Array.from({length: 200_000}, (_, index) => ask(String(index % 1_000)));
    for (let index = 1; index < requests.length; index += 2) leave(requests[index] as Request);
    for (let index = 0; index < granted.length; index++) release(granted[index] as Request);
    expect(granted.length).toBeGreaterThanOrEqual(100_000);
    expect(limits).toMatchObject({active: 0, queued: 0});
  });
});
