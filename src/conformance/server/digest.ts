import {createHash, randomUUID} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {parseParameters} from '../../policies/auth/challenge.ts';

/** How a {@link DigestGuard} challenges. */
export interface DigestGuardOptions {
  readonly username?: string;
  readonly password?: string;
  readonly realm?: string;
  /** As RFC 7616 writes it, with `-sess`. Without it, the challenge names no algorithm, which means MD5. */
  readonly algorithm?: string | undefined;
  /** Without it, the guard challenges as in RFC 2069. */
  readonly qop?: string | undefined;
  readonly userhash?: boolean;
  /** How many requests a nonce is valid for. After them it is stale. */
  readonly uses?: number;
  /** Whether each response announces the nonce of the next request. */
  readonly announcesNext?: boolean;
}

/** The server's side of HTTP Digest (RFC 7616): accepts a request, or gives the headers to refuse it with. */
export class DigestGuard {
  readonly #options: Required<Omit<DigestGuardOptions, 'algorithm' | 'qop'>> & DigestGuardOptions;
  /** For each nonce: the counts that were used, and the secret of its session. */
  readonly #nonces = new Map<string, {readonly counts: Set<string>; secret: string | undefined}>();
  /** How many challenges were sent so far. */
  challenges = 0;

  constructor(options: DigestGuardOptions = {}) {
    this.#options = {
      username: 'Mufasa',
      password: 'Circle of Life',
      realm: 'http-auth@example.org',
      algorithm: 'SHA-256',
      qop: 'auth',
      userhash: false,
      uses: Infinity,
      announcesNext: false,
      ...options,
    };
  }

  /** Decides whether a request is accepted, and with which headers to answer. */
  check(request: IncomingMessage): {
    readonly ok: boolean;
    readonly headers: Readonly<Record<string, string>>;
  } {
    const given = parseDigest(request.headers.authorization);
    if (!given) return this.#challenge(false);
    const known = this.#nonces.get(given['nonce'] ?? '');
    if (!known) return this.#challenge(true);
    if (!this.#isRight(request, given, known)) return this.#challenge(false);
    // A count that was used before is a replay.
    const count = given['nc'] ?? String(known.counts.size);
    if (known.counts.has(count) || known.counts.size >= this.#options.uses) return this.#challenge(true);
    known.counts.add(count);
    if (!this.#options.announcesNext) return {ok: true, headers: {}};
    return {ok: true, headers: {'authentication-info': `qop=auth, nextnonce="${this.#nonce(known.secret)}"`}};
  }

  #isRight(
    {method, url}: IncomingMessage,
    given: Readonly<Record<string, string>>,
    known: {secret: string | undefined},
  ): boolean {
    const {username, password, realm, algorithm, qop, userhash} = this.#options;
    const hash = (text: string) => createHash(hashOf(algorithm)).update(text).digest('hex');
    const sentName = given['username*']?.replace(/^UTF-8''/i, '');
    const name = sentName === undefined ? given['username'] : decodeURIComponent(sentName);
    const expectedName = userhash ? hash(`${username}:${realm}`) : username;
    let secret = hash(`${username}:${realm}:${password}`);
    if (algorithm?.endsWith('-sess')) {
      // The secret of a session is computed once, from the first nonces.
      secret = known.secret ?? hash(`${secret}:${given['nonce']}:${given['cnonce']}`);
      known.secret = secret;
    }
    const parts = qop ? [given['nc'], given['cnonce'], given['qop']] : [];
    const expected = hash([secret, given['nonce'], ...parts, hash(`${method}:${given['uri']}`)].join(':'));
    return (
      name === expectedName &&
      given['realm'] === realm &&
      given['uri'] === url &&
      (given['algorithm'] ?? 'MD5') === (algorithm ?? 'MD5') &&
      given['opaque'] === opaque &&
      (!qop || given['qop'] === 'auth') &&
      given['response'] === expected
    );
  }

  #challenge(isStale: boolean) {
    this.challenges++;
    const {realm, algorithm, qop, userhash} = this.#options;
    const parts = [
      `realm="${realm.replaceAll(/["\\]/g, '\\$&')}"`,
      `nonce="${this.#nonce(undefined)}"`,
      `opaque="${opaque.replaceAll(/["\\]/g, '\\$&')}"`,
      ...(qop ? [`qop="${qop}"`] : []),
      ...(algorithm ? [`algorithm=${algorithm}`] : []),
      ...(userhash ? ['userhash=true'] : []),
      ...(isStale ? ['stale=TRUE'] : []),
      'charset=UTF-8',
    ];
    return {ok: false, headers: {'www-authenticate': `Digest ${parts.join(', ')}`}};
  }

  #nonce(secret: string | undefined): string {
    const nonce = randomUUID();
    this.#nonces.set(nonce, {counts: new Set(), secret});
    return nonce;
  }
}

// This value has both characters that a quoted string has to escape (RFC 9110, section 5.6.4).
const opaque = 'an "opaque", \\ value';

function hashOf(algorithm = 'MD5'): string {
  return algorithm
    .replace(/-sess$/, '')
    .replace('SHA-', 'sha')
    .toLowerCase();
}

function parseDigest(header: string | undefined): Readonly<Record<string, string>> | undefined {
  if (!header?.startsWith('Digest ')) return undefined;
  return Object.fromEntries(parseParameters(header.slice(7)));
}
