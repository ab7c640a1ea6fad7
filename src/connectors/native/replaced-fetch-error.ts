import {unusedConnectionMember} from '../../core/native-init.ts';
import type {ConnectorRequest} from '../../core/request.ts';
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
 * @param where - what the request would go through
 * @param advice - the ways to choose between the option and the replacement
 */
export function replacedFetchError(
  option: string,
  advice: string,
  where = 'the global fetch, which was replaced',
): UnsupportedOptionError {
  return new UnsupportedOptionError(`connector.${option}`, where, advice);
}

/**
 * Returns a function that checks the `fetch` of a request. Another `fetch` than the runtime's own may drop the members of
 * `init` that only the runtime knows, so that it is refused if one of the options is set. The runtime's own uses only some
 * of the members that would change the connection, and they must not override the options.
 *
 * @param names - the options of the connector that decide where a connection leads or how it is protected
 * @param used - the members of the init of a call that the runtime uses
 */
export function fetchCheck(
  options: object,
  names: readonly string[],
  ownFetch: Fetch,
  used: readonly string[],
): (fetch: Fetch, request: ConnectorRequest) => void {
  const option = firstSet(options, names);
  return (fetch, {native}) => {
    if (fetch !== ownFetch) {
      if (option === undefined) return;
      throw replacedFetchError(option, 'restore the runtime’s own fetch, or leave the option out');
    }
    const member = unusedConnectionMember(native, option === undefined ? used : []);
    if (member === undefined) return;
    const hint =
      option === undefined ? 'the runtime does not know it' : `the connector has the option "${option}"`;
    throw new UnsupportedOptionError(member, 'the connector', hint);
  };
}
