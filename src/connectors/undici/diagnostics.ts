import type {Channel} from 'node:diagnostics_channel';
import {channel} from 'node:diagnostics_channel';
import type {TraceListener, TraceSignals} from '../../core/trace.ts';

// All of them, checked by the types: a signal that is added has to be added here.
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
  // Named for tools: part of the contract.
  const named = channel(`aiofetch:${type}`);
  channels.push(named);
  const publish = (event: object, subject: object) => named.publish({...event, ...subject});
  // An event that nobody hears isn't made.
  Object.defineProperty(publisher, type, {get: () => (named.hasSubscribers ? publish : undefined)});
}

/**
 * What publishes to `diagnostics_channel` what a call's trace tells, on a channel for each signal: `aiofetch:requestStart`
 * and so on. Messages are events with `request` and `response`, as listeners get them.
 *
 * @returns `undefined` while nobody has subscribed to any of them
 */
export function diagnosticsListeners(): readonly TraceListener[] | undefined {
  for (const {hasSubscribers} of channels) if (hasSubscribers) return publishers;
  return undefined;
}
