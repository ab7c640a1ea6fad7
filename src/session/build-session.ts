import {originOf, rememberFetch} from '../core/fetch-origin.ts';
import type {HeaderList, HeadersInput} from '../core/header-list.ts';
import type {CallOptionValues} from '../core/request.ts';
import {noCallOptions} from '../core/request.ts';
import {hookOptionNames, verbOptionNames} from './call-options.ts';
import {closeSession, destroySession} from './close-session.ts';
import type {BaseFetchInit} from './fetch-call.ts';
import {toCall} from './fetch-call.ts';
import {setFetchMetadata} from './fetch-metadata.ts';
import {urlResolver} from './resolve-url.ts';
import {beginCall, sendCall} from './send-call.ts';
import type {BareSession} from './session.ts';
import type {SessionHost} from './session-host.ts';
import type {SessionParts, SessionState} from './session-state.ts';
import {createState} from './session-state.ts';
import {mergeTimeouts} from './timeouts.ts';

/** A session without verbs, and the parts of it that its verbs and its child sessions use. */
export interface BuiltSession {
  readonly session: BareSession;
  readonly host: SessionHost;
  readonly state: SessionState;
}

/**
 * Makes a session of its parts.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an option that the connector can't
 * honour
 */
export function buildSession(parts: SessionParts): BuiltSession {
  const state = createState(parts);
  const host = createHost(state);
  const {connector, calls, totals} = state;

  // The default makes `fetch.length` 1, as Web IDL has it.
  function fetch(input: string | URL | Request, init: BaseFetchInit | null = null): Promise<Response> {
    try {
      const {request, signal} = toCall(input, init, host);
      beginCall(state, request, signal, originOf(init));
      return sendCall(state, request);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  rememberFetch(fetch, connector);
  setFetchMetadata(fetch, {...parts, ...state, ...host});
  const session: BareSession = {
    fetch,
    stats() {
      const stats = connector.stats();
      return {...stats, connector: connector.name, totals: {...stats.totals, ...totals}};
    },
    get closed() {
      return calls.closed;
    },
    close: (options) => closeSession(state, options),
    destroy: (reason) => destroySession(state, reason),
    [Symbol.asyncDispose]: () => closeSession(state),
  };
  return {session, host, state};
}

function createHost(state: SessionState): SessionHost {
  const {baseUrl, headers, timeouts, connector, checks, platform} = state;
  const callOptions = [...new Set(checks.map(([name]) => name))];
  return {
    ...platform,
    callOptions,
    ownMembers: new Set(verbOptionNames.concat(hookOptionNames, callOptions, 'method')),
    resolveUrl: urlResolver(baseUrl),
    headersOf(given: HeadersInput | undefined): HeaderList {
      const list = headers.copy();
      if (given !== undefined) list.merge(given);
      return list;
    },
    timeoutsOf: (timeout) => mergeTimeouts(timeouts, timeout, connector),
    settle: (options) => settle(state, options as CallOptionValues),
    begin: (request, signal, cameFrom) => beginCall(state, request, signal, cameFrom),
    send: (request) => sendCall(state, request),
  };
}

/** Checks the options that a call gives to policies. A call without such options gets a shared empty object. */
function settle({checks, context}: SessionState, options: CallOptionValues): CallOptionValues {
  let settled: Record<string, unknown> | undefined;
  for (const [name, check] of checks) {
    // Each check of an option gets what the check before it returned.
    const value = settled && name in settled ? settled[name] : options[name];
    if (value === undefined) continue;
    settled ??= {};
    settled[name] = check(value as never, context);
  }
  return settled ?? noCallOptions;
}
