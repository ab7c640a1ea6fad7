import type {Channel} from 'node:diagnostics_channel';
import {channel} from 'node:diagnostics_channel';
import type {TraceListener, TraceSignals} from '../../core/trace.ts';

// All signals. The type makes the compiler report a signal that is missing here.
const signals: {readonly [Type in keyof TraceSignals]: true} = {
  requestStart: true,
  responseStart: true,
  requestEnd: true,
  requestError: true,
  rateLimitWaitStart: true,
  rateLimitWaitEnd: true,
  rateLimitPaused: true,
  retryScheduled: true,
  attemptStart: true,
  attemptEnd: true,
  connectionQueuedStart: true,
  connectionQueuedEnd: true,
  connectionQueuedLong: true,
  connectionCreateStart: true,
  connectionCreateEnd: true,
  connectionReuse: true,
  dnsCacheHit: true,
  dnsCacheMiss: true,
  dnsResolveStart: true,
  dnsResolveEnd: true,
  tlsStart: true,
  tlsEnd: true,
  requestHeadersSent: true,
  requestChunkSent: true,
  requestSent: true,
  requestResent: true,
  responseHeadersReceived: true,
  responseChunkReceived: true,
  requestRedirect: true,
};

const channels: Channel[] = [];
const publisher: TraceListener = {};
const publishers = [publisher];

for (const type of Object.keys(signals) as Array<keyof TraceSignals>) {
  // Monitoring tools subscribe by these names: they are part of the public contract.
  const named = channel(`aiofetch:${type}`);
  channels.push(named);
  const publish = (event: object, subject: object) => named.publish({...event, ...subject});
  // A getter, so that no event is created for a channel without subscribers.
  Object.defineProperty(publisher, type, {get: () => (named.hasSubscribers ? publish : undefined)});
}

/**
 * The trace listeners that publish each signal of a call to a channel of `node:diagnostics_channel`, such as
 * `aiofetch:requestStart`. A message is the event of the signal, with the `request` and `response` that listeners get.
 *
 * @returns `undefined` while no channel has a subscriber
 */
export function diagnosticsListeners(): readonly TraceListener[] | undefined {
  for (const {hasSubscribers} of channels) if (hasSubscribers) return publishers;
  return undefined;
}
