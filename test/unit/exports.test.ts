import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {version} from '../../src/utils/version.ts';

interface Entry {
  readonly '@aiofetch/source': string;
}

const root = new URL('../../', import.meta.url);
const {exports: entries, version: declared} = JSON.parse(
  readFileSync(new URL('package.json', root), 'utf8'),
) as {exports: Record<string, Entry | string>; version: string};

/** What each entry of the package exports. A name that goes, or comes, does so on purpose. */
const names: Record<string, readonly string[]> = {
  '.': [
    'AiofetchError',
    'AuthError',
    'CircuitOpenError',
    'ConnectionError',
    'DownloadError',
    'EventSourceError',
    'HTTPError',
    'InvalidOptionError',
    'JsonError',
    'LineError',
    'RateLimitError',
    'RedirectError',
    'ResponseTooLargeError',
    'SchemaError',
    'SessionClosedError',
    'TimeoutError',
    'UnsupportedOptionError',
    'adaptiveLimit',
    'apiKey',
    'asBlob',
    'asBytes',
    'asCompleted',
    'asEvents',
    'asForm',
    'asJson',
    'asMultipart',
    'asNdjson',
    'asStream',
    'asText',
    'byStatus',
    'circuitBreakerPolicy',
    'createConnector',
    'createSession',
    'cursorPages',
    'defineClient',
    'endpoint',
    'download',
    'eventSource',
    'gather',
    'hedgePolicy',
    'iterChunks',
    'iterEvents',
    'iterLines',
    'iterNdjson',
    'logCalls',
    'oauth2ClientCredentials',
    'linkPages',
    'numberedPages',
    'offsetPages',
    'paginate',
    'rateLimitPolicy',
    'recordTimings',
    'retryPolicy',
    'singleFlightPolicy',
    'timings',
    'tokenSource',
    'type',
    'uncheckedEndpoint',
    'urlPages',
  ],
  './bun': ['bunConnector'],
  './conformance': ['ConformanceError', 'conformanceCases', 'connectorConformance'],
  './conformance/server': ['startConformanceServer'],
  './cookies': ['CookieStoreError', 'cookieJar', 'fromNetscape', 'keyvStore', 'toNetscape'],
  './digest': ['digest'],
  './deno': ['denoConnector'],
  './fetch': ['fetchConnector'],
  './har': ['harHandler', 'recordHar'],
  './mock': ['mockConnector'],
  './node': ['cookieFile', 'downloadTo', 'fileFrom'],
  './openapi': ['MissingUpgraderError', 'MissingYamlError', 'OpenApiError', 'fromOpenApi'],
  './opentelemetry': ['openTelemetry'],
  './rate-limiter-flexible': ['rateLimiterFlexibleStore'],
  './core': [
    'AiofetchError',
    'CircuitOpenError',
    'ConnectionError',
    'HTTPError',
    'InvalidOptionError',
    'JsonError',
    'RateLimitError',
    'RedirectError',
    'ResponseTooLargeError',
    'SchemaError',
    'SessionClosedError',
    'TimeoutError',
    'UnsupportedOptionError',
    'adaptiveLimit',
    'asCompleted',
    'authPolicy',
    'circuitBreakerPolicy',
    'createConnector',
    'createSession',
    'gather',
    'hedgePolicy',
    'idempotencyKeyPolicy',
    'rateLimitPolicy',
    'retryPolicy',
    'singleFlightPolicy',
    'tracePolicy',
    'transferPolicy',
    'verbs',
    'verbsWithHooks',
  ],
  './undici': ['isPublicAddress', 'presets', 'undiciConnector'],
};

describe('the package exports', () => {
  const paths = Object.keys(entries).filter((path) => typeof entries[path] === 'object');

  it('these entries, and package.json', () => {
    expect(paths.sort()).toEqual(Object.keys(names).sort());
    expect(entries['./package.json']).toBe('./package.json');
  });

  it.each(paths)('from %s what is listed', async (path) => {
    const source = (entries[path] as Entry)['@aiofetch/source'];
    const module = (await import(new URL(source, root).href)) as Record<string, unknown>;
    expect(Object.keys(module).sort()).toEqual([...(names[path] ?? [])].sort());
  });
});

it('says of itself the version that it has', () => {
  expect(version).toBe(declared);
});
