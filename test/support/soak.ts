import {getEventListeners} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {expect} from 'vitest';
import type {FetchInit} from '../../src/index.ts';
import {AiofetchError} from '../../src/index.ts';
import {noHosts} from './no-hosts.ts';
import type {PooledSession} from './open-session.ts';
import {turns, waitForGc} from './wait-for.ts';

/** The next request. */
interface Target {
  readonly origin: string;
  /** The behaviour of the server: the first part of the path. */
  readonly kind: string;
}

/** The requests of a soak test, and the expected responses. */
export interface Soak {
  readonly requests: number;
  readonly random: () => number;
  /** The read timeout, in ms, for responses that never end by themselves. */
  readonly read: number;
  readonly target: () => Target;
  /** The response text of all kinds but `echo` (the request body), `empty` and `large`. */
  readonly text: string;
  /** The length of the response to `large`. */
  readonly largeSize: number;
  /** Checks what has to hold at any time. */
  readonly look: () => void;
}

export type Pick = <T>(items: readonly T[]) => T;

/** Chooses one of several at random. */
export function createPick(random: () => number): Pick {
  return <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
}

/** A list with each kind as many times as its weight. */
export function weighted(weights: Readonly<Record<string, number>>): string[] {
  return Object.entries(weights).flatMap(([kind, weight]) => Array<string>(weight).fill(kind));
}

/**
 * Sends requests of every kind at once: with and without a body, some aborted; and reads, drops, clones or cancels their
 * responses. Each call has to settle once, correctly or with a typed error, and may leave nothing behind.
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
      // The garbage collector has to free the slot.
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
  // A dropped response frees its slot when it is collected.
  await waitForGc(() => settled === requests);
  await Promise.all(calls);
  await waitForGc(() => stats().active === 0);
  expect(failures.size).toBeGreaterThan(2);
  expect(getEventListeners(lasting, 'abort')).toHaveLength(0);
}

/** Checks that a session still reaches all servers, and that closing it leaves nothing. */
export async function expectSound(
  {fetch, stats, connector}: PooledSession,
  servers: ReadonlyArray<{readonly origin: string}>,
  text: string,
): Promise<void> {
  for (const {origin} of servers) expect(await (await fetch(`${origin}/text`)).text()).toBe(text);
  await connector.close();
  expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
}
