import {describe, expect, it} from 'vitest';
import {methodDescriber, serverOf, urlRedactor} from '../../../src/opentelemetry/attributes.ts';
import {apiKey} from '../../../src/policies/auth/api-key.ts';

describe('a URL is reported without all query values by default', () => {
  const redact = urlRedactor(undefined);
  it.each([
    ['https://a.test/path', 'https://a.test/path'],
    ['https://user:pass@a.test/', 'https://REDACTED:REDACTED@a.test/'],
    ['https://a.test/?q=s3cret&page=2', 'https://a.test/?q=REDACTED&page=REDACTED'],
    ['https://a.test/?s3cret&&x=', 'https://a.test/?REDACTED&&x=REDACTED'],
  ])('the URL %s is reported as %s', (url, told) => expect(redact(url)).toBe(told));
});

it('a URL is reported without the key of an auth scheme, whatever the name of its parameter', () => {
  apiKey({query: 'x-Unusual', value: 's3cret'});
  const redact = urlRedactor([]);
  expect(redact('https://a.test/?q=1&X-unusual=s3cret')).toBe('https://a.test/?q=1&X-unusual=REDACTED');
});

describe('a URL is reported without some query values', () => {
  const redact = urlRedactor(['Hidden']);
  it.each([
    ['https://a.test/path', 'https://a.test/path'],
    ['https://user:pass@a.test/', 'https://REDACTED:REDACTED@a.test/'],
    ['https://a.test/?q=1&sig=s3cret&x', 'https://a.test/?q=1&sig=REDACTED&x'],
    ['https://a.test/?X-Goog-Signature=s3cret', 'https://a.test/?X-Goog-Signature=REDACTED'],
    [
      'https://a.test/?AWSAccessKeyId=s&Signature=t',
      'https://a.test/?AWSAccessKeyId=REDACTED&Signature=REDACTED',
    ],
    ['https://a.test/?s%69g=s3cret', 'https://a.test/?s%69g=REDACTED'],
    ['https://a.test/?hidden=s3cret&%E0%A4%A=1', 'https://a.test/?hidden=REDACTED&%E0%A4%A=1'],
    ['https://a.test/user@example.com?to=a@b', 'https://a.test/user@example.com?to=a@b'],
  ])('the URL %s is reported as %s', (url, told) => expect(redact(url)).toBe(told));
});

it.each([
  ['https://a.test/', 'a.test', 443],
  ['http://a.test/x', 'a.test', 80],
  ['http://[::1]:8080/', '::1', 8080],
])('the server of %s is %s, port %i', (url, address, port) => {
  expect(serverOf(url)).toEqual({'server.address': address, 'server.port': port});
});

describe('a method is told', () => {
  it('a well-known method is reported by its name, and any other as _OTHER', () => {
    const describe = methodDescriber();
    expect(describe('PATCH')).toEqual({'http.request.method': 'PATCH'});
    const other = {'http.request.method': '_OTHER', 'http.request.method_original': 'PURGE'};
    expect(describe('PURGE')).toEqual(other);
    // Methods are case-sensitive.
    expect(describe('patch')['http.request.method']).toBe('_OTHER');
  });

  it('knownMethods replaces the list of well-known methods', () => {
    const describe = methodDescriber(['PURGE']);
    expect(describe('PURGE')).toEqual({'http.request.method': 'PURGE'});
    expect(describe('GET')['http.request.method']).toBe('_OTHER');
  });
});
