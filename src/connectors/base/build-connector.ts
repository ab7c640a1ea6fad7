import {abortUnread} from '../../core/abort-unread.ts';
import type {Connector, ConnectorOptions, ConnectorStats} from '../../core/connector.ts';
import {afterNotifications} from '../../core/notify.ts';
import {lifetimeOf} from '../../core/request.ts';
import {SessionClosedError} from '../../errors/index.ts';
import {checkKnown, checkLimit, checkLimitPerHost} from '../../utils/check-options.ts';
import {LinkedList} from '../../utils/linked-list.ts';
import {HostSlots, Limits} from '../limits/limits.ts';
import {checkIntegrity} from './check-integrity.ts';
import type {ConnectorDefinition, UploadProgress} from './definition.ts';
import type {ConnectorState, ConnectorTraits} from './fetch-exchange.ts';
import {checkEmpty, FetchExchange} from './fetch-exchange.ts';

/**
 * Makes the connector of `createConnector`.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 */
export function buildConnector(
  definition: ConnectorDefinition & ConnectorTraits,
  options: ConnectorOptions,
): Connector {
  const {name, watchQueues} = definition;
  const known = ['limit', 'limitPerHost'].concat(watchQueues ? 'unreadTimeout' : []);
  checkKnown(`the ${name} connector`, options, known, 'connector.');
  const limit = checkLimit('connector.limit', options.limit, 100);
  const limitPerHost = checkLimitPerHost(options.limitPerHost);
  const state: ConnectorState = {
    definition,
    limits: new Limits(limit, limitPerHost, (key) => new HostSlots(key)),
    running: new LinkedList(),
    totals: {sent: 0, reused: 0, opened: 0, bytesSent: 0, bytesReceived: 0},
    closed: false,
    disposed: false,
    whenEmpty: [],
  };

  watchQueues?.(state.limits, state.running, options.unreadTimeout);

  const connector: Connector = {
    name,
    // These two are done here, so the definition doesn't have to support them.
    capabilities: {...definition.capabilities, maxResponseSize: true, downloadProgress: true},
    // An error that the function throws rejects the promise.
    fetch: (request) =>
      new Promise((resolve, reject) => {
        const lifetime = lifetimeOf(request);
        if (lifetime.isAborted) throw lifetime.reason;
        // This request holds a slot already: this connector sent it into a global fetch that leads back to the session.
        if (lifetime.cameFrom === connector) {
          resolve(definition.send(request, lifetime.signal, noProgress));
          return;
        }
        if (state.closed) throw new SessionClosedError('Connector is closed', {request});
        checkIntegrity(request, definition);
        new FetchExchange(state, request, {resolve, reject}).start();
      }),
    stats: () => statsOf(state, limit),
    close: () => close(state),
    destroy: (reason) => destroy(state, reason ?? new SessionClosedError('Connector was destroyed')),
    [Symbol.asyncDispose]: () => close(state),
  };
  return connector;
}

function statsOf(state: ConnectorState, limit: number): ConnectorStats {
  const {active, queued, mostPerHost: limitPerHost} = state.limits;
  const hosts = state.limits.statsOf(() => 0);
  return {limit, limitPerHost, active, queued, idle: 0, hosts, totals: {...state.totals}};
}

function close(state: ConnectorState): Promise<void> {
  state.closed = true;
  return new Promise<void>((resolve) => {
    state.whenEmpty.push(resolve);
    checkEmpty(state);
  }).finally(abortUnread(() => state.running));
}

function destroy(state: ConnectorState, reason: unknown): Promise<void> {
  state.closed = true;
  afterNotifications(() => {
    const queued = [...state.limits.hosts.values()].flatMap(({waiting}) => [...waiting] as FetchExchange[]);
    for (const exchange of queued.concat(...state.running)) exchange.aborted(reason);
  });
  return close(state);
}

const noProgress: UploadProgress = {sent() {}, done() {}};
