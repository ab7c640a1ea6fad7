import type {Settings} from './settings.ts';
import {defaultSettings} from './settings.ts';

/** Scenarios, each with the settings that differ from the defaults. */
const situations = {
  'A busy server': {},
  'A slow tail, hedged': {
    requests: 400,
    concurrency: 18,
    limitPerHost: 0,
    latencyShape: 'two-peaks',
    latency: 40,
    latencySpread: 100,
    failures: 0,
    hasHedging: true,
    hedgePercentile: 90,
    hedgeBudget: 20,
  },
  'An API with a quota': {
    requests: 240,
    hosts: 1,
    limitPerHost: 12,
    failures: 0,
    quota: 60,
    hasRateLimit: true,
    rateRequests: 80,
    rateBurst: 20,
  },
  'A host that fails': {
    requests: 300,
    concurrency: 60,
    failures: 70,
    resets: 0,
    hasBreaker: true,
    breakerOpenFor: 1_000,
    retries: 1,
  },
  'Connections that break': {requests: 300, failures: 0, resets: 6, cuts: 6, size: 65_536},
  'The same few pages': {requests: 300, urls: 12, failures: 0, hasSingleFlight: true, latency: 120},
  'A server that slows down under load': {
    requests: 600,
    hosts: 2,
    limitPerHost: 60,
    isAdaptive: true,
    failures: 0,
    latency: 30,
    latencySpread: 20,
    capacity: 12,
    bodyTime: 0,
  },
  'Five thousand at once': {
    requests: 5_000,
    hosts: 4,
    limit: 100,
    limitPerHost: 0,
    latency: 20,
    bodyTime: 0,
    size: 1_024,
    failures: 1,
  },
} satisfies Record<string, Partial<Settings>>;

export type PresetName = keyof typeof situations;

export const presetNames = Object.keys(situations) as PresetName[];

export function presetSettings(name: PresetName): Settings {
  return {...defaultSettings, ...situations[name]};
}
