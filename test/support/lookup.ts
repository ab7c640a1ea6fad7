import type {LookupAddress, LookupOptions} from 'node:dns';
import type {LookupFunction} from 'node:net';
import {isIP} from 'node:net';

/** The addresses of a name, or the error of its lookup. */
export type Answer = readonly string[] | Error;

/** A resolver that a test controls. */
export interface ControlledLookup {
  readonly lookup: LookupFunction;
  /** The names that were looked up, in order. */
  readonly asked: readonly string[];
  readonly options: readonly LookupOptions[];
  /** Sets the answer of every later lookup. */
  readonly answers: Record<string, Answer>;
  /** Makes lookups wait for `release`. */
  hold(): void;
  release(): void;
}

/** Makes a resolver that knows only `answers`, and answers on the next tick. */
export function createLookup(answers: Record<string, Answer>): ControlledLookup {
  const asked: string[] = [];
  const seen: LookupOptions[] = [];
  let held: Array<() => void> | undefined;
  function lookup(
    hostname: string,
    options: LookupOptions,
    done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ): void {
    asked.push(hostname);
    seen.push(options);
    const answer = () => {
      const addresses = answers[hostname] ?? notFound(hostname);
      if (addresses instanceof Error) done(addresses, []);
      else
        done(
          null,
          addresses.map((address) => ({address, family: isIP(address)})),
        );
    };
    if (held) held.push(answer);
    else process.nextTick(answer);
  }
  return {
    lookup: lookup as LookupFunction,
    asked,
    options: seen,
    answers,
    hold() {
      held ??= [];
    },
    release() {
      const waiting = held ?? [];
      held = undefined;
      for (const answer of waiting) answer();
    },
  };
}

/** An error as the system's resolver gives it. */
export function notFound(hostname: string): Error {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname,
  });
}
