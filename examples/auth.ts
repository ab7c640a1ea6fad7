/**
 * Auth with OAuth 2.0 tokens and with HTTP Digest. All requests share a token, and the session replaces it when the server
 * refuses it.
 *
 *     npm run example auth
 */
import {createHash} from 'node:crypto';
import {createSession, oauth2ClientCredentials} from 'aiofetch';
import {digest} from 'aiofetch/digest';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

async function readUsers(url: string) {
  await using session = createSession({
    baseUrl: url,
    auth: oauth2ClientCredentials({tokenUrl: new URL('token', url), clientId: 'app', clientSecret: 'secret'}),
  });
  // The server refuses the first token. All three requests wait for one new token, and are sent again with it.
  const users = await Promise.all([1, 2, 3].map((id) => session.get(`users/${id}`).json<{name: string}>()));
  return users.map(({name}) => name);
}

async function readCamera(url: string) {
  await using session = createSession({baseUrl: url, auth: digest({username: 'admin', password: 'secret'})});
  return session.get('camera').json<{recording: boolean}>();
}

export async function main() {
  const {url, issued, ...server} = await exampleApi();
  await using _ = server;

  const names = await readUsers(url);
  console.log(`Users: ${names.join(', ')}, with ${issued()} tokens`);
  const camera = await readCamera(url);
  console.log(`Recording: ${camera.recording}`);
  return {names, issued: issued(), camera};
}

/** An API that accepts every token except the first, and the digest of one user. */
async function exampleApi() {
  let count = 0;
  const server = await serveJson(({url, headers, method}, response) => {
    const {authorization = ''} = headers;
    if (url === '/token') return {access_token: `token-${++count}`, token_type: 'bearer', expires_in: 3_600};
    if (url === '/camera') {
      if (isDigest(authorization, `${method}`, url)) return {recording: true};
      response.setHeader(
        'www-authenticate',
        'Digest realm="camera", nonce="1", qop="auth", algorithm=SHA-256',
      );
    } else if (authorization !== 'Bearer token-1') return {name: 'Ada'};
    response.statusCode = 401;
    return {error: 'Unauthorized'};
  });
  return {...server, issued: () => count};
}

function isDigest(authorization: string, method: string, uri: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const part = (name: string) => new RegExp(`\\b${name}="?([^",]+)`).exec(authorization)?.[1];
  const secret = hash('admin:camera:secret');
  const expected = `${secret}:${part('nonce')}:${part('nc')}:${part('cnonce')}:auth:${hash(`${method}:${uri}`)}`;
  return part('response') === hash(expected);
}

await runDirectly(import.meta, main);
