import type {AdaptiveLimitOptions} from '../../../../../src/connectors/limits/adaptive-limit.ts';
import {adaptiveLimit} from '../../../../../src/connectors/limits/adaptive-limit.ts';
import type {HostLimit} from '../../../../../src/core/host-limit.ts';
import {createRandom} from '../../../../support/random.ts';

export interface SimulatedHost {
  /** The number of requests that the host works on at a time. Further requests queue at the host. */
  capacity: number;
  /** The time that a request takes without the queue, in ms. */
  service: () => number;
  /** If more requests than this are running or queued, the host answers 503 after a moment. */
  refusesBeyond: number;
  /** The number of requests that the client wants to send at once. The limit decides how many it sends. */
  demand: number;
}

export interface Simulation {
  readonly limit: HostLimit;
  readonly host: SimulatedHost;
  /** The present time on the clock of the samples, in ms. */
  readonly now: number;
  readonly answered: number;
  readonly refused: number;
  /** The limit after each request, since the last `run`. */
  readonly limits: readonly number[];
  /** Resets the counts, and simulates this time, in ms. */
  run(time: number): void;
}

/** Times with an exponential distribution, the same in every run. */
export function randomTimes(mean: number, seed = 1): () => number {
  const random = createRandom(seed);
  return () => -mean * Math.log(1 - random());
}

/** Simulates a host with a queue, and a client that always sends as many requests as its limit allows. */
export function simulate(host: Partial<SimulatedHost>, options: AdaptiveLimitOptions = {}): Simulation {
  const state: SimulatedHost = {
    capacity: 16,
    service: randomTimes(50),
    refusesBeyond: Infinity,
    demand: Infinity,
    ...host,
  };
  const limit = adaptiveLimit(options).hosts().of('https://host.test');
  const events: Array<{readonly at: number; readonly happen: () => void}> = [];
  const queue: number[] = [];
  let now = performance.now();
  let active = 0;
  let working = 0;
  let answered = 0;
  let refused = 0;
  let limits: number[] = [];

  function after(time: number, happen: () => void): void {
    const at = now + time;
    let index = events.length;
    while (index > 0 && (events[index - 1]?.at as number) > at) index--;
    events.splice(index, 0, {at, happen});
  }

  function finish(status: number, sentAt: number): void {
    limit.observe({status, error: undefined, sentAt, now, active});
    limits.push(limit.limit);
    if (status === 200) answered++;
    else refused++;
    active--;
    sendAll();
  }

  function work(): void {
    while (working < state.capacity && queue.length > 0) {
      const sentAt = queue.shift() as number;
      working++;
      after(state.service(), () => {
        working--;
        finish(200, sentAt);
        work();
      });
    }
  }

  function sendAll(): void {
    while (active < Math.min(limit.limit, state.demand)) {
      active++;
      const sentAt = now;
      if (working + queue.length >= state.refusesBeyond) after(2, () => finish(503, sentAt));
      else queue.push(sentAt);
    }
    work();
  }

  return {
    limit,
    host: state,
    get now() {
      return now;
    },
    get answered() {
      return answered;
    },
    get refused() {
      return refused;
    },
    get limits() {
      return limits;
    },
    run(time) {
      const end = now + time;
      answered = 0;
      refused = 0;
      limits = [];
      sendAll();
      while (events[0] && events[0].at <= end) {
        const event = events.shift() as (typeof events)[number];
        now = event.at;
        event.happen();
      }
      now = end;
    },
  };
}
