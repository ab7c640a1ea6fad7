import {getEventListeners} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {expect} from 'vitest';
import type {FetchInit} from '../../src/index.ts';
import {AiofetchError} from '../../src/index.ts';
import {noHosts} from './no-hosts.ts';
import type {PooledSession} from './open-session.ts';
import {turns, waitForGc} from './wait-for.ts';

/** Which request comes next. */
interface Target {
  readonly origin: string;
  /** What its server is to do: the first part of its path. */
  readonly kind: string;
}

/** What is sent, and what is known of the answers. */
export interface Soak {
  readonly requests: number;
  readonly random: () => number;
  /** How long a server may be silent, in ms: what never comes to an end by itself has to be given up. */
  readonly read: number;
  readonly target: () => Target;
  /** What is answered, but to `echo`, which answers with what it is sent, `empty` and `large`. */
  readonly text: string;
  /** How long the answer to `large` is. */
  readonly largeSize: number;
  /** Looks at what must hold at any time. */
  readonly look: () => void;
}

export type Pick = <T>(items: readonly T[]) => T;

/** Chooses one of several. */
export function createPick(random: () => number): Pick {
  return <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
}

/** Each as often as it weighs. */
export function weighted(weights: Readonly<Record<string, number>>): string[] {
  return Object.entries(weights).flatMap(([kind, weight]) => Array<string>(weight).fill(kind));
}

/**
 * Sends requests of every kind at once: with and without a body, aborted, and their answers read, dropped, cloned or
 * cancelled. Each has to settle once, rightly or with a typed error, and nothing may be left of any.
 */
export async function soak({fetch, stats}: PooledSession, options: Soak): Promise<void> {
  const {requests, random, read, target, text, largeSize, look} = options;
  const pick = createPick(random);
  const lasting = new AbortController().signal;
  const failures = new Set<string>();
  let settled = 0;

  async function use(response: Response, kind: string, sent = ''): Promise<void> {
    const how = random();
    if (how < 0.06) {
      await response.body?.cancel();
    } else if (how < 0.1) {
      // Left to the garbage collector.
    } else if (how < 0.2) {
      const clone = response.clone();
      const [one, other] = await Promise.all([response.text(), clone.text()]);
      expect(one).toBe(other);
    } else if (how < 0.4 && response.body) {
      let size = 0;
      for await (const chunk of response.body as ReadableStream<Uint8Array>) {
        size += chunk.length;
        if (random() < 0.1) await turns();
      }
      if (kind === 'large') expect(size).toBe(largeSize);
    } else {
      const got = await response.text();
      if (kind === 'large') expect(got).toHaveLength(largeSize);
      else expect(got).toBe(kind === 'echo' ? sent : kind === 'empty' ? '' : text);
    }
  }

  function bodyOf(sent: string) {
    return pick([
      sent,
      () => sent,
      new Blob([sent]),
      new Blob([sent]).stream(),
      (async function* () {
        yield sent;
      })(),
    ]);
  }

  async function call(index: number): Promise<void> {
    const {origin, kind} = target();
    const controller = new AbortController();
    const aborts = random() < 0.15;
    const sent =
      kind === 'echo' && random() < 0.8 ? `${index}`.repeat(1 + Math.floor(random() * 500)) : undefined;
    const init: FetchInit = {
      signal: aborts ? controller.signal : lasting,
      timeout: {read, ...(random() < 0.05 && {pool: 5}), ...(random() < 0.05 && {attempt: 10})},
      ...(sent !== undefined && {method: pick(['POST', 'PUT']), body: bodyOf(sent)}),
    };
    const reason = new Error('given up');
    if (aborts) void delay(Math.floor(random() * 30)).then(() => controller.abort(reason));
    try {
      await use(await fetch(`${origin}/${kind}/${index}`, init), kind, sent);
    } catch (error) {
      if (error !== reason && !(error instanceof AiofetchError)) throw error;
      failures.add(error === reason ? 'aborted' : (error as AiofetchError).code);
    } finally {
      settled++;
    }
  }

  const calls: Array<Promise<void>> = [];
  for (let index = 0; index < requests; index++) {
    calls.push(call(index));
    if (random() < 0.3) await delay(Math.floor(random() * 3));
    expect(stats().queued).toBeGreaterThanOrEqual(0);
    look();
  }
  // Responses that were dropped give their slots back when they are collected.
  await waitForGc(() => settled === requests);
  await Promise.all(calls);
  await waitForGc(() => stats().active === 0);
  expect(failures.size).toBeGreaterThan(2);
  expect(getEventListeners(lasting, 'abort')).toHaveLength(0);
}

/** Whatever happened before, all servers are reached, and closing leaves nothing. */
export async function expectSound(
  {fetch, stats, connector}: PooledSession,
  servers: ReadonlyArray<{readonly origin: string}>,
  text: string,
): Promise<void> {
  for (const {origin} of servers) expect(await (await fetch(`${origin}/text`)).text()).toBe(text);
  await connector.close();
  expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
}
