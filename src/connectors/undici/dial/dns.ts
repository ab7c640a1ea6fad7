import dns from 'node:dns';
import type {LookupFunction} from 'node:net';
import {isIP} from 'node:net';
import {InvalidOptionError} from '../../../errors/index.ts';
import {checkKnown, isObject} from '../../../utils/check-options.ts';
import {toError} from '../to-error.ts';
import type {Address} from './address.ts';
import {normalisedHost, withoutRoot} from './host-name.ts';

/** How host names are resolved to addresses. */
export interface DnsOptions {
  /**
   * How long an answer is cached, in ms; `Infinity` is for ever. With 0, nothing is cached, but simultaneous look-ups of a
   * name still share one query. Failures are never cached.
   *
   * @default 10_000
   */
  readonly ttl?: number | undefined;
  /**
   * How many names are cached at most. The oldest entry is dropped first.
   *
   * @default 1_000
   */
  readonly cacheSize?: number | undefined;
  /**
   * The function that looks a name up. It is called like `dns.lookup`, with `{all: true, family, hints}`.
   *
   * @default dns.lookup
   */
  readonly lookup?: LookupFunction | undefined;
  /** Fixed addresses of hosts, which are not looked up: `{'api.example.com': '10.0.0.7'}`. */
  readonly resolve?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** Called once with the outcome of a look-up. */
export type Resolved = (error: Error | undefined, addresses: readonly Address[]) => void;

/** The addresses of a name. Each dial gets them in another order. */
interface Entry {
  readonly addresses: readonly Address[];
  /** When the entry expires, on the clock of `performance`. */
  readonly expires: number;
  turn: number;
  /** The addresses that could not be connected to. They are tried after the others. */
  failed: Set<string> | undefined;
}

interface Lookup {
  readonly waiting: Set<Resolved>;
}

const known = new Set(['ttl', 'cacheSize', 'lookup', 'resolve']);

const defaultTtl = 10_000;
const defaultCacheSize = 1_000;

class NoAddressError extends Error {
  readonly code = 'ENOTFOUND';
  readonly syscall = 'lookup';
}

/**
 * Looks names up. Simultaneous look-ups of a name share one query, and answers are cached.
 *
 * The class is long because the cache, the queries under way and the calls that wait for them are one state.
 */
export class Resolver {
  readonly #ttl: number;
  readonly #cacheSize: number;
  readonly #lookup: LookupFunction | undefined;
  readonly #family: 0 | 4 | 6;
  readonly #fixed = new Map<string, Entry>();
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Lookup>();

  /**
   * @param family - the only IP version of addresses; 0 is both
   * @throws InvalidOptionError when an option has a value that is not allowed
   * @throws UnsupportedOptionError for an option that the connector doesn't know
   */
  constructor(options: DnsOptions = {}, family: 0 | 4 | 6 = 0) {
    if (!isObject(options)) throw new InvalidOptionError('connector.dns', options, 'an object');
    checkKnown('connector.dns', options, known);
    const {ttl = defaultTtl, cacheSize = defaultCacheSize, lookup, resolve = {}} = options;
    if (typeof ttl !== 'number' || !(ttl >= 0)) {
      throw new InvalidOptionError('connector.dns.ttl', ttl, 'a number of ms from 0, or Infinity');
    }
    if (!(Number.isInteger(cacheSize) && cacheSize > 0)) {
      throw new InvalidOptionError('connector.dns.cacheSize', cacheSize, 'a whole number from 1');
    }
    if (lookup !== undefined && typeof lookup !== 'function') {
      throw new InvalidOptionError(
        'connector.dns.lookup',
        lookup,
        'a function with the signature of dns.lookup',
      );
    }
    if (!isObject(resolve)) {
      throw new InvalidOptionError(
        'connector.dns.resolve',
        resolve,
        'an object that maps hosts to addresses',
      );
    }
    this.#ttl = ttl;
    this.#cacheSize = cacheSize;
    this.#lookup = lookup;
    this.#family = family;
    for (const [host, given] of Object.entries(resolve)) {
      this.#fixed.set(normalisedHost(host), fixedEntry(host, given, family));
    }
  }

  /** The fixed or cached addresses of a name, in the order to try them in; `undefined` when there are none. */
  find(hostname: string): readonly Address[] | undefined {
    const entry = this.#fixed.get(withoutRoot(hostname)) ?? this.#fresh(hostname);
    return entry && orderAddresses(entry);
  }

  /**
   * Looks up the addresses of a name.
   *
   * @returns a function that cancels the wait: `done` is not called after it
   */
  load(hostname: string, done: Resolved): () => void {
    let lookup = this.#pending.get(hostname);
    if (lookup) {
      lookup.waiting.add(done);
    } else {
      lookup = {waiting: new Set([done])};
      this.#pending.set(hostname, lookup);
      this.#ask(hostname, lookup);
    }
    const {waiting} = lookup;
    return () => {
      waiting.delete(done);
      // This query may never be answered. The next look-up of the name starts a new one.
      if (waiting.size === 0 && this.#pending.get(hostname)?.waiting === waiting)
        this.#pending.delete(hostname);
    };
  }

  /** Records that an address could not be connected to. It is tried after the others until the name is looked up again. */
  failed(hostname: string, address: string): void {
    const entry = this.#fixed.get(withoutRoot(hostname)) ?? this.#entries.get(hostname);
    if (!entry || entry.addresses.length === 1) return;
    entry.failed ??= new Set();
    entry.failed.add(address);
    if (entry.failed.size === entry.addresses.length) entry.failed = undefined;
  }

  /** Drops a name from the cache, since none of its addresses could be connected to. */
  forget(hostname: string): void {
    this.#entries.delete(hostname);
  }

  #fresh(hostname: string): Entry | undefined {
    const entry = this.#entries.get(hostname);
    if (!entry || entry.expires > performance.now()) return entry;
    this.#entries.delete(hostname);
    return undefined;
  }

  #ask(hostname: string, lookup: Lookup): void {
    const family = this.#family;
    // Node's own sockets use this hint, which leaves out addresses of an IP version that this machine doesn't have.
    const options = {all: true, family, hints: family === 0 ? dns.ADDRCONFIG : 0} as const;
    const answer = (error: Error | null, given?: unknown, givenFamily?: number): void => {
      if (error) {
        this.#settle(hostname, lookup, error, undefined);
        return;
      }
      let addresses: Address[];
      try {
        addresses = checkAnswer(hostname, given, givenFamily, family);
      } catch (invalid) {
        this.#settle(hostname, lookup, invalid as Error, undefined);
        return;
      }
      const entry = {addresses, expires: performance.now() + this.#ttl, turn: 0, failed: undefined};
      this.#keep(hostname, entry);
      this.#settle(hostname, lookup, undefined, entry);
    };
    try {
      (this.#lookup ?? (dns.lookup as LookupFunction))(hostname, options, answer);
    } catch (thrown) {
      this.#settle(hostname, lookup, toError(thrown), undefined);
    }
  }

  #settle(hostname: string, lookup: Lookup, error: Error | undefined, entry: Entry | undefined): void {
    if (this.#pending.get(hostname) === lookup) this.#pending.delete(hostname);
    const waiting = [...lookup.waiting];
    lookup.waiting.clear();
    for (const done of waiting) done(error, entry ? orderAddresses(entry) : []);
  }

  #keep(hostname: string, entry: Entry): void {
    if (this.#ttl === 0) return;
    this.#entries.delete(hostname);
    if (this.#entries.size >= this.#cacheSize) {
      this.#entries.delete(this.#entries.keys().next().value as string);
    }
    this.#entries.set(hostname, entry);
  }
}

function fixedEntry(host: string, given: unknown, family: 0 | 4 | 6): Entry {
  const option = `connector.dns.resolve[${JSON.stringify(host)}]`;
  const list: unknown[] = Array.isArray(given) ? given : [given];
  const addresses: Address[] = [];
  for (const address of list) {
    const kind = typeof address === 'string' ? isIP(address) : 0;
    if (kind === 0)
      throw new InvalidOptionError(option, address, 'an IP address, or an array of IP addresses');
    if (family === 0 || kind === family) addresses.push({address: address as string, family: kind as 4 | 6});
  }
  if (addresses.length === 0) {
    throw new InvalidOptionError(
      option,
      given,
      family === 0 ? 'at least one address' : `at least one IPv${family} address`,
    );
  }
  return {addresses, expires: Infinity, turn: 0, failed: undefined};
}

// How many addresses of each IP version are kept of an answer. Whoever owns the name decides how long the answer is, and each
// address may be connected to.
const maxAddresses = 64;

// A custom `lookup` may answer with any value. Only IP addresses are passed to the address guard and connected to.
function checkAnswer(
  hostname: string,
  given: unknown,
  givenFamily: number | undefined,
  family: 0 | 4 | 6,
): Address[] {
  const list: unknown[] = Array.isArray(given) ? given : [{address: given, family: givenFamily}];
  const addresses: Address[] = [];
  const counts = {4: 0, 6: 0};
  for (const item of list) {
    const {address} = (item ?? {}) as {address?: unknown};
    const kind = typeof address === 'string' ? isIP(address) : 0;
    if (kind === 0)
      throw new NoAddressError(`Look-up of ${hostname} returned a value that is not an IP address`);
    const version = kind as 4 | 6;
    if ((family === 0 || version === family) && counts[version]++ < maxAddresses)
      addresses.push({address: address as string, family: version});
  }
  if (addresses.length > 0) return addresses;
  throw new NoAddressError(
    `Look-up of ${hostname} returned no ${family === 0 ? '' : `IPv${family} `}address`,
  );
}

/**
 * The addresses in the order to try them in. The order rotates, so that each address comes first in turn. IP versions
 * alternate, beginning with the version of the resolver's first address (RFC 8305, section 4).
 */
function orderAddresses(entry: Entry): readonly Address[] {
  const {addresses, failed} = entry;
  const [first] = addresses;
  if (first === undefined || addresses.length === 1) return addresses;
  const turn = entry.turn++;
  const preferred = rotate(
    addresses.filter(({family}) => family === first.family),
    turn,
  );
  const others = rotate(
    addresses.filter(({family}) => family !== first.family),
    turn,
  );
  const ordered: Address[] = [];
  for (let index = 0; index < Math.max(preferred.length, others.length); index++) {
    if (index < preferred.length) ordered.push(preferred[index] as Address);
    if (index < others.length) ordered.push(others[index] as Address);
  }
  if (!failed) return ordered;
  return [
    ...ordered.filter(({address}) => !failed.has(address)),
    ...ordered.filter(({address}) => failed.has(address)),
  ];
}

function rotate(addresses: Address[], turn: number): Address[] {
  const start = turn % (addresses.length || 1);
  return start === 0 ? addresses : [...addresses.slice(start), ...addresses.slice(0, start)];
}
