import {seededRandom} from './random.ts';
import type {ServerSettings} from './settings.ts';

/** What the embedded server does with one request. */
export interface Fate {
  /** `cut`: the server answers, and breaks off in the middle of the body. */
  readonly kind: 'answer' | 'reset' | 'cut';
  readonly status: number;
  /** The wait before the head of the response, in ms. */
  readonly delay: number;
  /** The size of the body, in bytes. */
  readonly size: number;
  /** How long the body takes to send, in ms. */
  readonly bodyTime: number;
  /** The value of `Retry-After`, in s. */
  readonly retryAfter: number | undefined;
}

/**
 * Draws a fate by the seed, the path, and how often the path was requested before. It is the same in every run, from
 * every client and in every order.
 */
export function drawFate(settings: ServerSettings, key: number, visit: number): Fate {
  const random = seededRandom(settings.seed, key, visit);
  const delay = drawLatency(settings, random);
  const {failures, throttled, resets, cuts, size, bodyTime} = settings;
  let lot = random() * 100;
  const is = (share: number) => {
    const hit = lot < share;
    lot -= share;
    return hit;
  };
  const answer = {kind: 'answer', status: 200, delay, size, bodyTime, retryAfter: undefined} as const;
  if (is(failures)) return {...answer, status: 503, size: 0};
  if (is(throttled)) return throttledFate(settings, delay);
  if (is(resets)) return {...answer, kind: 'reset'};
  if (is(cuts)) return {...answer, kind: 'cut'};
  return answer;
}

/** The fate of a request beyond the quota. */
export function throttledFate({retryAfter}: ServerSettings, delay = 1): Fate {
  return {kind: 'answer', status: 429, delay, size: 0, bodyTime: 0, retryAfter};
}

function drawLatency(settings: ServerSettings, random: () => number): number {
  const {latency, latencyShape} = settings;
  const spread = settings.latencySpread / 100;
  switch (latencyShape) {
    case 'fixed':
      return latency;
    case 'uniform':
      return Math.max(0, latency * (1 + spread * (2 * random() - 1)));
    case 'log-normal':
      return latency * Math.exp(spread * normal(random));
    case 'two-peaks':
      // One in twelve is slow, as when a server misses its cache.
      return latency * (1 + 0.1 * normal(random) ** 2) * (random() < 1 / 12 ? 1 + 9 * spread : 1);
  }
}

/** A normally distributed number, by the Box–Muller transform. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
