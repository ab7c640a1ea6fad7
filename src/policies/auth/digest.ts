import {isReplayable} from '../../core/body.ts';
import type {Handler} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {assertOption, checkKnown} from '../../utils/check-options.ts';
import {randomHex} from '../../utils/random.ts';
import {urlParts} from '../../utils/url-parts.ts';
import {parseChallenges, parseParameters} from './challenge.ts';
import type {DigestAlgorithm, DigestCredentials, DigestTerms} from './digest-response.ts';
import {digestAlgorithms, digestHeader, digestSecret, digestTerms} from './digest-response.ts';
import type {AuthScheme} from './index.ts';
import {sendSigned} from './index.ts';
import {signEachHop} from './sign-each-hop.ts';

export type {DigestAlgorithm} from './digest-response.ts';

/** Options of {@link digest}. */
export interface DigestOptions {
  readonly username: string;
  readonly password: string;
  /**
   * The hash functions that may be used, each also as `…-sess`: `SHA-256`, `SHA-512-256`, `MD5`. What a server asks
   * for besides is not answered.
   *
   * @default all of them
   */
  readonly algorithms?: readonly DigestAlgorithm[] | undefined;
}

/**
 * Signs requests by HTTP Digest (RFC 7616), with `qop=auth` or, where a server has none, as RFC 2069 has it: the first
 * request is sent again with an answer to the server's challenge, those after it go out with one at once, counting on
 * the server's nonce until that is stale or replaced. A request whose body can't be sent twice, a stream's, gets through
 * when a nonce is there; else its answer is the 401. In a browser, which hides redirects, they are a `RedirectError`.
 *
 * @throws InvalidOptionError when an option is not what it may be
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
  checkKnown('digest', options, ['username', 'password', 'algorithms']);
  const {username, password, algorithms = digestAlgorithms} = options;
  assertOption(typeof username === 'string', 'digest.username', typeof username, 'a string');
  assertOption(typeof password === 'string', 'digest.password', typeof password, 'a string');
  assertOption(
    Array.isArray(algorithms) &&
      algorithms.length > 0 &&
      algorithms.every((one) => digestAlgorithms.includes(one)),
    'digest.algorithms',
    algorithms,
    `a list of ${digestAlgorithms.join(', ')}`,
  );
  return (context) => {
    const space = new ProtectionSpace({username, password}, algorithms);
    return (next) => (request) =>
      request.headers.has('authorization')
        ? next(request)
        : signEachHop(request, context, next, (hop, send) => space.send(hop, send));
  };
}

/** How often a nonce is replaced while a request tries to get through, before its 401 is the answer. */
const challengeLimit = 3;

/** What one nonce is good for. */
interface Answerer {
  readonly terms: DigestTerms;
  readonly cnonce: string;
  readonly secret: string;
  count: number;
}

/** The state that a session shares with its server (RFC 7616, section 3.6). */
class ProtectionSpace {
  readonly #credentials: DigestCredentials;
  readonly #algorithms: readonly DigestAlgorithm[];
  #current: Answerer | undefined = undefined;

  constructor(credentials: DigestCredentials, algorithms: readonly DigestAlgorithm[]) {
    this.#credentials = credentials;
    this.#algorithms = algorithms;
  }

  async send(request: ConnectorRequest, send: Handler): Promise<Response> {
    let used = this.#current;
    for (let challenges = 0; ; challenges++) {
      const response = await (used ? sendSigned(send, request, this.#answer(used, request)) : send(request));
      this.#takeNextNonce(response, used);
      if (response.status !== 401) return response;
      const terms = this.#termsOf(response);
      // The answer to a challenge of its own, if that isn't stale, was wrong: so are the credentials.
      const isWrong = challenges > 0 && !terms?.isStale;
      const answerer = terms && !isWrong && challenges < challengeLimit ? this.#toAnswerer(terms) : undefined;
      // Unless another request has got one meanwhile.
      if (this.#current === used) this.#current = answerer;
      if (!answerer || !isReplayable(request.body)) return response;
      request.lifetime.discard(response);
      // Its own, and not one that others have: some servers have nonces that are good for one request.
      used = answerer;
    }
  }

  #termsOf(response: Response): DigestTerms | undefined {
    const header = response.headers.get('www-authenticate');
    return header === null ? undefined : digestTerms(parseChallenges(header), this.#algorithms);
  }

  #toAnswerer(terms: DigestTerms): Answerer {
    const cnonce = randomHex();
    return {terms, cnonce, secret: digestSecret(terms, this.#credentials, cnonce), count: 0};
  }

  #answer(answerer: Answerer, request: ConnectorRequest): string {
    const {terms, cnonce, secret} = answerer;
    return digestHeader(terms, this.#credentials.username, secret, {
      method: request.method,
      uri: urlParts(request.url).path,
      count: ++answerer.count,
      cnonce,
    });
  }

  /** RFC 7616, section 3.5: the nonce that the server would rather have the next time. */
  #takeNextNonce(response: Response, used: Answerer | undefined): void {
    const info = used && response.headers.get('authentication-info');
    if (!info || this.#current !== used) return;
    const nonce = parseParameters(info).get('nextnonce');
    if (nonce === undefined) return;
    // The secret of a session is of the nonce that it began with (section 3.4.2).
    this.#current = {...used, terms: {...used.terms, nonce}, count: 0};
  }
}
