import {describe, expect, it} from 'vitest';
import {isSecretName, registerSecretNames} from '../../../src/utils/secret-names.ts';

describe('isSecretName', () => {
  it.each([
    'Authorization',
    'proxy-authorization',
    'www-authenticate',
    'cookie',
    'set-cookie',
    'x-api-key',
    'apikey',
    'api_key',
    'key',
    'AWSAccessKeyId',
    'X-Amz-Credential',
    'X-Amz-Security-Token',
    'X-Goog-Signature',
    'x-goog-api-key',
    'sig',
    'token',
    'token-id2',
    'access_token',
    'private-token',
    'x-csrf-token',
    'X-Auth',
    'x-auth-user',
    'password',
    'passwd',
    'pwd',
    'client_secret',
    'sessionid',
    'mcp-session-id',
    'stripe-signature',
    'x-sign',
    'code',
    'dpop',
  ])('%s names a credential', (name) => expect(isSecretName(name)).toBe(true));

  it.each([
    'accept',
    'content-type',
    'user-agent',
    'etag',
    'x-request-id',
    'x-ratelimit-remaining-tokens',
    'x-author',
    'authority',
    'idempotency-key',
    'surrogate-key',
    'sec-websocket-key',
    'access-control-allow-credentials',
    'keyword',
    'country_code',
    'page',
    '',
  ])('%s names no credential', (name) => expect(isSecretName(name)).toBe(false));

  it('a name that was registered names a credential, in upper or lower case', () => {
    expect(isSecretName('x-mood')).toBe(false);
    registerSecretNames(['X-Mood']);
    expect(isSecretName('x-mood')).toBe(true);
    expect(isSecretName('X-MOOD')).toBe(true);
  });
});
