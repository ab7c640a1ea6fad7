/**
 * Timers that serve several calls, in Cloudflare's workers. There a timer belongs to the request that the worker was handling
 * when it was started. When that request ends, its timers and its promises end too, without a word: the response was
 * returned, or its client has left. A session at module scope serves many such requests.
 *
 * Therefore each running call starts a timer of its own. The timer does three things:
 *
 * - workerd doesn't take a call that waits for another request's call for one that hangs forever.
 * - A call whose timer is silent belongs to a request that has ended. It is abandoned, so that its slot, its place in a queue
 *   and all else that it holds are free.
 * - The timers that serve several calls run on, even if the request that started them has ended.
 *
 * @module
 */

/** Work that a request of the worker has begun. */
export interface Work {
  isOver(): boolean;
  /** Called once, in the course of another request, if the request of the work has ended before the work. */
  abandon(): void;
}

interface Watched {
  readonly work: Work;
  /** When the work's timer was heard last. */
  heardAt: number;
  /** In how many checks in a row the timer was silent for too long. */
  missed: number;
}

/** A timer that serves several calls. */
interface SharedTimer {
  readonly run: () => void;
  dueAt: number;
}

/** How often the timer of a call fires, in ms. */
const pulse = 100;

/**
 * How long the timer of a call must be silent, in ms, and in how many checks. A worker that calculates for long delays all
 * timers alike, and they fire before the next check.
 */
const longestSilence = 2_000;
const longestMissed = 3;

const watched = new Set<Watched>();
const timers = new Set<SharedTimer>();
let checkedAt = -Infinity;

/**
 * Watches work of the current request until it is over.
 *
 * Timers can't be started outside of a request. Such work isn't watched, and can't fetch anything either.
 *
 * @returns a function that ends the watch at once. Otherwise the timer fires once more
 */
export function watchWork(work: Work): () => void {
  const entry: Watched = {work, heardAt: performance.now(), missed: 0};
  const timer = attempt(() =>
    setInterval(() => {
      entry.heardAt = performance.now();
      if (work.isOver()) stop();
      check(entry.heardAt);
    }, pulse),
  );
  function stop(): void {
    watched.delete(entry);
    clearInterval(timer);
  }
  if (timer !== undefined) watched.add(entry);
  check(entry.heardAt);
  return stop;
}

/**
 * Calls `run` once, after `delay` ms, or at the next pulse of any call if the current request ends before.
 *
 * @returns a function that stops the timer
 */
export function startTimer(run: () => void, delay: number): () => void {
  const timer: SharedTimer = {run, dueAt: performance.now() + delay};
  timers.add(timer);
  const own = attempt(() => setTimeout(() => fire(timer), delay));
  return () => {
    timers.delete(timer);
    // Without effect on the timer of another request, which will fire and find nothing to do.
    clearTimeout(own);
  };
}

/**
 * Calls `run` every `interval` ms, as long as the current request or any call is running.
 *
 * @returns a function that ends the calls
 */
export function startInterval(run: () => void, interval: number): () => void {
  const timer: SharedTimer = {
    run() {
      timer.dueAt = performance.now() + interval;
      timers.add(timer);
      run();
    },
    dueAt: performance.now() + interval,
  };
  timers.add(timer);
  const own = attempt(() =>
    setInterval(() => {
      if (timers.has(timer)) check(performance.now());
      else clearInterval(own);
    }, pulse),
  );
  return () => {
    timers.delete(timer);
    clearInterval(own);
  };
}

/** The same, because a worker has no fake clock. */
export function startRealInterval(run: () => void, interval: number): () => void {
  return startInterval(run, interval);
}

/** Calls `done` with the result of work that serves several calls, or with `undefined` if the current request ends before. */
export function whenSettled<T>(result: Promise<T>, done: (result: T | undefined) => void): void {
  let isOver = false;
  function end(value: T | undefined): void {
    if (isOver) return;
    isOver = true;
    stop();
    done(value);
  }
  const stop = watchWork({isOver: () => isOver, abandon: () => end(undefined)});
  void result.then(end);
}

/** Fires the timers that are due, and abandons the work of requests that have ended. */
function check(now: number): void {
  for (const timer of [...timers]) if (timer.dueAt <= now) fire(timer);
  // The clock of workerd is that of `Date`, which may be set back.
  if (Math.abs(now - checkedAt) < pulse) return;
  checkedAt = now;
  for (const entry of watched) {
    const {work, heardAt} = entry;
    if (work.isOver()) watched.delete(entry);
    else if (now - heardAt < longestSilence) entry.missed = 0;
    else if (++entry.missed >= longestMissed) {
      watched.delete(entry);
      attempt(() => work.abandon());
    }
  }
}

function fire(timer: SharedTimer): void {
  if (timers.delete(timer)) timer.run();
}

/** Returns `undefined` if the runtime refuses: outside of a request, and for some objects of another request. */
function attempt<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch {
    return undefined;
  }
}
