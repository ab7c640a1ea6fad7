import type {Settings} from '../model/settings.ts';
import {hostCount, maxRequests} from '../model/settings.ts';

/** The names of the settings with a value of this type. */
type NamesOf<Kind> = {[Name in keyof Settings]: Settings[Name] extends Kind ? Name : never}[keyof Settings];

interface NumberField {
  readonly kind: 'number';
  readonly name: NamesOf<number>;
  readonly label: string;
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly hint?: string;
  /** Whether the setting has no effect in a browser. */
  readonly isNodeOnly?: boolean;
}

interface ChoiceField {
  readonly kind: 'choice';
  readonly name: NamesOf<string>;
  readonly label: string;
  readonly choices: Readonly<Record<string, string>>;
}

export type Field = NumberField | ChoiceField | SwitchField;

interface SwitchField {
  readonly kind: 'switch';
  readonly name: NamesOf<boolean>;
  readonly label: string;
}

/** A part of the form, with a line that sums up its settings. */
export interface Section {
  readonly title: string;
  /** The setting that switches this part on, where it is off by default. */
  readonly switch?: NamesOf<boolean>;
  readonly fields: readonly Field[];
  readonly isOpen?: boolean;
  summary(settings: Settings): string;
}

const time = (name: NamesOf<number>, label: string, hint = '0: none'): NumberField => ({
  kind: 'number',
  name,
  label,
  unit: 'ms',
  step: 10,
  max: 600_000,
  hint,
});

const share = (name: NamesOf<number>, label: string, hint?: string): NumberField => ({
  kind: 'number',
  name,
  label,
  unit: '%',
  max: 100,
  ...(hint !== undefined && {hint}),
});

const count = (name: NamesOf<number>, label: string, max: number, hint?: string, min = 0): NumberField => ({
  kind: 'number',
  name,
  label,
  min,
  max,
  ...(hint !== undefined && {hint}),
});

const orNone = (value: number, text: string) => (value > 0 ? text : undefined);

const list = (...parts: ReadonlyArray<string | undefined>) =>
  parts.filter((part) => part !== undefined).join(', ') || 'none';

/** The whole form. */
export const groups: ReadonlyArray<{readonly title: string; readonly sections: readonly Section[]}> = [
  {
    title: 'Burst',
    sections: [
      {
        title: 'Requests',
        isOpen: true,
        fields: [
          count('requests', 'Requests', maxRequests, undefined, 1),
          count('concurrency', 'At once', maxRequests, '0: all'),
          count('hosts', 'Hosts', hostCount, undefined, 1),
          count('urls', 'Different URLs', maxRequests, '0: one for each request'),
        ],
        summary: ({requests, hosts}) => `${requests} to ${hosts} ${hosts === 1 ? 'host' : 'hosts'}`,
      },
    ],
  },
  {
    title: 'Session',
    sections: [
      {
        title: 'Limits',
        isOpen: true,
        fields: [
          count('limit', 'Over all hosts', 10_000, '0: none'),
          count('limitPerHost', 'Per host', 10_000, '0: none'),
          {kind: 'switch', name: 'isAdaptive', label: 'Adaptive per host'},
        ],
        summary: ({limit, limitPerHost, isAdaptive}) =>
          `${limit || 'no limit'}, ${isAdaptive ? 'adaptive' : limitPerHost || 'any'} per host`,
      },
      {
        title: 'Timeouts',
        fields: [
          time('timeoutTotal', 'Whole call'),
          time('timeoutAttempt', 'Attempt'),
          time('timeoutPool', 'Wait for a slot'),
          {...time('timeoutConnect', 'Connecting'), isNodeOnly: true},
          time('timeoutRead', 'Silence'),
        ],
        summary: (settings) =>
          list(
            orNone(settings.timeoutTotal, `total ${settings.timeoutTotal}`),
            orNone(settings.timeoutAttempt, `attempt ${settings.timeoutAttempt}`),
            orNone(settings.timeoutPool, `pool ${settings.timeoutPool}`),
            orNone(settings.timeoutRead, `read ${settings.timeoutRead} ms`),
          ),
      },
      {
        title: 'Retries',
        fields: [
          count('retries', 'After the first', 20, '0: none'),
          time('minDelay', 'First wait up to', 'doubles each time'),
          time('maxDelay', 'Longest wait', ''),
          share('retryBudget', 'Extra load', '0: any'),
        ],
        summary: ({retries, minDelay}) => (retries > 0 ? `${retries}, from ${minDelay} ms` : 'none'),
      },
      {
        title: 'Rate limit',
        switch: 'hasRateLimit',
        fields: [
          count('rateRequests', 'Requests', 100_000, undefined, 1),
          {...time('ratePer', 'In', ''), min: 1},
          count('rateBurst', 'At once', 100_000, '0: as many as requests'),
          {
            kind: 'choice',
            name: 'rateScope',
            label: 'Counted by',
            choices: {session: 'session', host: 'host'},
          },
        ],
        summary: ({hasRateLimit, rateRequests, ratePer}) =>
          hasRateLimit ? `${rateRequests} in ${ratePer} ms` : 'off',
      },
      {
        title: 'Hedging',
        switch: 'hasHedging',
        fields: [
          {...share('hedgePercentile', 'After the percentile'), min: 1},
          time('hedgeDelay', 'Or after', '0: by percentile'),
          share('hedgeBudget', 'Extra load', '0: any'),
        ],
        summary: ({hasHedging, hedgeDelay, hedgePercentile}) =>
          hasHedging ? (hedgeDelay > 0 ? `after ${hedgeDelay} ms` : `after p${hedgePercentile}`) : 'off',
      },
      {
        title: 'Circuit breaker',
        switch: 'hasBreaker',
        fields: [
          {...share('breakerFailures', 'Opens at failures of'), min: 1},
          count('breakerMinimum', 'Of at least', 10_000, 'requests', 1),
          {...time('breakerOpenFor', 'Stays open', ''), min: 1},
        ],
        summary: ({hasBreaker, breakerFailures, breakerOpenFor}) =>
          hasBreaker ? `at ${breakerFailures} %, ${breakerOpenFor} ms` : 'off',
      },
      {
        title: 'Single flight',
        switch: 'hasSingleFlight',
        fields: [],
        summary: ({hasSingleFlight}) => (hasSingleFlight ? 'same URLs share one request' : 'off'),
      },
    ],
  },
  {
    title: 'Server',
    sections: [
      {
        title: 'Answers',
        isOpen: true,
        fields: [
          {
            kind: 'choice',
            name: 'latencyShape',
            label: 'Latency',
            choices: {
              fixed: 'fixed',
              uniform: 'uniform',
              'log-normal': 'log-normal',
              'two-peaks': 'two peaks',
            },
          },
          time('latency', 'Median', ''),
          {...share('latencySpread', 'Spread'), max: 300},
          count('capacity', 'Capacity', 10_000, 'of a host; 0: any'),
          {kind: 'number', name: 'size', label: 'Body', unit: 'B', max: 10_000_000, step: 1_024},
          time('bodyTime', 'Sent over', ''),
        ],
        summary: ({latencyShape, latency}) => `${latencyShape.replace('-', ' ')}, ${latency} ms`,
      },
      {
        title: 'Failures',
        fields: [
          share('failures', 'Status 503'),
          share('throttled', 'Status 429'),
          {kind: 'number', name: 'retryAfter', label: 'Retry-After', unit: 's', max: 600},
          {...count('quota', 'Quota', 100_000, 'of a host; 0: any'), unit: '/s'},
          share('resets', 'Connection resets'),
          share('cuts', 'Bodies cut short'),
          count('seed', 'Seed', 1_000_000, 'same seed, same server'),
        ],
        summary: ({failures, throttled, quota, resets, cuts}) =>
          list(
            orNone(failures, `503 ${failures} %`),
            orNone(throttled, `429 ${throttled} %`),
            orNone(quota, `${quota}/s`),
            orNone(resets, `resets ${resets} %`),
            orNone(cuts, `cut ${cuts} %`),
          ),
      },
    ],
  },
];
