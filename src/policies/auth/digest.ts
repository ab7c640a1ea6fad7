import {isReplayable} from '../../core/body.ts';
import type {Handler} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {assertOption, checkKnown} from '../../utils/check-options.ts';
import {randomHex} from '../../utils/random.ts';
import {urlParts} from '../../utils/url-parts.ts';
import {parseChallenges, parseParameters} from './challenge.ts';
import type {DigestAlgorithm, DigestChallenge, DigestCredentials, DigestTerms} from './digest-response.ts';
import {
  digestAlgorithms,
  digestHeader,
  digestSecret,
  safeAlgorithms,
  selectChallenge,
} from './digest-response.ts';
import type {AuthScheme} from './index.ts';
import {sendSigned} from './index.ts';
import {signEachHop} from './sign-each-hop.ts';

export type {DigestAlgorithm} from './digest-response.ts';

/** Options of {@link digest}. */
export interface DigestOptions {
  readonly username: string;
  readonly password: string;
  /**
   * The hash functions that may be used: `SHA-256`, `SHA-512-256` and `MD5`, each also as `…-sess`. A challenge with
   * another algorithm isn't answered: the caller gets the 401. A challenge that names no algorithm means MD5, which is
   * broken; list it only for a server that has nothing better.
   *
   * @default ['SHA-256', 'SHA-512-256']
   */
  readonly algorithms?: readonly DigestAlgorithm[] | undefined;
  /**
   * Whether challenges without `qop` are answered, as in RFC 2069. Nothing of the client is in such a response beside the
   * password, so that a server, or an attacker in its place, can look the password up in tables that were made before.
   *
   * @default false
   */
  readonly rfc2069?: boolean | undefined;
}

/**
 * Signs requests by HTTP Digest (RFC 7616), with `qop=auth`. MD5, and challenges without `qop` as in RFC 2069, are off unless
 * the options allow them, because whoever sends a challenge chooses the weakest that is allowed. The first request is sent again with a response to the server's challenge. Later requests are signed at once with the server's
 * nonce, until that nonce is stale or replaced. A request with a body that can't be sent twice, such as a stream, succeeds
 * only when a nonce is known; otherwise the caller gets the 401. Browsers hide redirects: there, a redirect fails with a
 * `RedirectError`.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {digest} from 'aiofetch/digest';
 *
 * await using session = createSession({
 *   baseUrl: 'https://camera.example.com/',
 *   auth: digest({username: 'admin', password: 'secret'}),
 * });
 * const status = await session.get('status').json();
 * ```
 */
export function digest(options: DigestOptions): AuthScheme {
  checkKnown('digest', options, ['username', 'password', 'algorithms', 'rfc2069']);
  const {username, password, algorithms = safeAlgorithms, rfc2069 = false} = options;
  assertOption(typeof username === 'string', 'digest.username', username, 'a string');
  assertOption(typeof password === 'string', 'digest.password', password, 'a string');
  assertOption(
    Array.isArray(algorithms) &&
      algorithms.length > 0 &&
      algorithms.every((one) => digestAlgorithms.includes(one)),
    'digest.algorithms',
    algorithms,
    `a list of ${digestAlgorithms.join(', ')}`,
  );
  assertOption(typeof rfc2069 === 'boolean', 'digest.rfc2069', rfc2069, 'true or false');
  const scheme: AuthScheme = (context) => {
    const space = new ProtectionSpace({username, password}, {algorithms, rfc2069});
    return (next) => (request) =>
      request.headers.has('authorization')
        ? next(request)
        : signEachHop(request, context, next, (hop, send) => space.send(hop, send));
  };
  return Object.assign(scheme, {isShareable: true});
}

/** How many challenges are answered for one request before the caller gets the 401. */
const challengeLimit = 3;

/** A challenge with the client's side of it, and how many requests were signed by it. */
interface NonceState {
  readonly challenge: DigestChallenge;
  readonly cnonce: string;
  readonly secret: string;
  count: number;
}

/** The protection space of a session's origin: its credentials and its current nonce (RFC 7616, section 3.6). */
class ProtectionSpace {
  readonly #credentials: DigestCredentials;
  readonly #terms: DigestTerms;
  #current: NonceState | undefined = undefined;

  constructor(credentials: DigestCredentials, terms: DigestTerms) {
    this.#credentials = credentials;
    this.#terms = terms;
  }

  async send(request: ConnectorRequest, send: Handler): Promise<Response> {
    let used = this.#current;
    for (let challenges = 0; ; challenges++) {
      const response = await (used
        ? sendSigned(send, request, this.#authorization(used, request))
        : send(request));
      this.#takeNextNonce(response, used);
      if (response.status !== 401) return response;
      const challenge = this.#challengeOf(response);
      // The server refused the response to a challenge that isn't stale: the credentials are wrong.
      const isWrong = challenges > 0 && !challenge?.isStale;
      const state = challenge && !isWrong && challenges < challengeLimit ? this.#begin(challenge) : undefined;
      // Another request may have replaced the nonce in the meantime.
      if (this.#current === used) this.#current = state;
      if (!state || !isReplayable(request.body)) return response;
      request.lifetime.discard(response);
      // Use the nonce of this request's own challenge: some servers accept a nonce for one request only.
      used = state;
    }
  }

  #challengeOf(response: Response): DigestChallenge | undefined {
    const header = response.headers.get('www-authenticate');
    return header === null ? undefined : selectChallenge(parseChallenges(header), this.#terms);
  }

  #begin(challenge: DigestChallenge): NonceState {
    const cnonce = randomHex();
    return {challenge, cnonce, secret: digestSecret(challenge, this.#credentials, cnonce), count: 0};
  }

  #authorization(state: NonceState, request: ConnectorRequest): string {
    const {challenge, cnonce, secret} = state;
    return digestHeader(challenge, this.#credentials.username, secret, {
      method: request.method,
      uri: urlParts(request.url).path,
      count: ++state.count,
      cnonce,
    });
  }

  /** Adopts the nonce that the server wants for the next request (RFC 7616, section 3.5). */
  #takeNextNonce(response: Response, used: NonceState | undefined): void {
    const info = used && response.headers.get('authentication-info');
    if (!info || this.#current !== used) return;
    const nonce = parseParameters(info).get('nextnonce');
    if (nonce === undefined) return;
    // The secret of an algorithm `…-sess` keeps the first nonce (section 3.4.2).
    this.#current = {...used, challenge: {...used.challenge, nonce}, count: 0};
  }
}
