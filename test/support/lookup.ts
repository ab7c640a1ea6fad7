import type {LookupAddress, LookupOptions} from 'node:dns';
import type {LookupFunction} from 'node:net';
import {isIP} from 'node:net';

/** A name's addresses, or what asking for them fails with. */
export type Answer = readonly string[] | Error;

/** A resolver that a test has in its hand. */
export interface ControlledLookup {
  readonly lookup: LookupFunction;
  /** Names that were asked for, in the order they were. */
  readonly asked: readonly string[];
  readonly options: readonly LookupOptions[];
  /** What it answers from now on. */
  readonly answers: Record<string, Answer>;
  /** While it is held, questions wait for `release`. */
  hold(): void;
  release(): void;
}

/** Answers what `answers` says, at once, on the next tick, and nothing else. */
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

/** As the system says it. */
export function notFound(hostname: string): Error {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname,
  });
}
