import {describe, expect, it} from 'vitest';
import {methodDescriber, serverOf, urlRedactor} from '../../../src/opentelemetry/attributes.ts';

describe('a URL is told', () => {
  const redact = urlRedactor(['Session']);
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
    ['https://a.test/?session=s3cret&%E0%A4%A=1', 'https://a.test/?session=REDACTED&%E0%A4%A=1'],
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
