import {UnsupportedOptionError} from '../../errors/index.ts';

type Fetch = typeof globalThis.fetch;

/** The first of the names whose option is set. */
export function firstSet(options: object, names: readonly string[]): string | undefined {
  return names.find((name) => options[name as keyof object] !== undefined);
}

/**
 * The error of a request that would go through a replaced global `fetch`, which can't be trusted to apply an option of the
 * connector that decides where a connection leads or how it is protected.
 *
 * @param advice - the ways to choose between the option and the replacement
 */
export function replacedFetchError(option: string, advice: string): UnsupportedOptionError {
  return new UnsupportedOptionError(`connector.${option}`, 'the global fetch, which was replaced', advice);
}

/**
 * Returns a function that throws for any other `fetch` than the runtime's own, if one of the options is set. Such a `fetch`
 * may drop the members of `init` that only the runtime knows.
 */
export function fetchCheck(
  options: object,
  names: readonly string[],
  ownFetch: Fetch,
): ((fetch: Fetch) => void) | undefined {
  const option = firstSet(options, names);
  if (option === undefined) return undefined;
  return (fetch) => {
    if (fetch === ownFetch) return;
    throw replacedFetchError(option, 'restore the runtime’s own fetch, or leave the option out');
  };
}
