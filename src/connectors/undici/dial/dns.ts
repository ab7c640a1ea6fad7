import dns from 'node:dns';
import type {LookupFunction} from 'node:net';
import {isIP} from 'node:net';
import {InvalidOptionError} from '../../../errors/index.ts';
import {checkKnown, isObject} from '../../../utils/check-options.ts';
import {toError} from '../to-error.ts';
import type {Address} from './address.ts';

/** How names become addresses. */
export interface DnsOptions {
  /**
   * How long an answer is kept, in ms; 0: only for those who ask while it is being looked up; `Infinity`: for ever.
   * Failures are never kept.
   *
   * @default 10_000
   */
  readonly ttl?: number | undefined;
  /**
   * How many names are remembered at most; the oldest goes.
   *
   * @default 1_000
   */
  readonly cacheSize?: number | undefined;
  /**
   * Looks a name up: `dns.lookup`, or a function called as it is, with `{all: true, family, hints}`.
   *
   * @default dns.lookup
   */
  readonly lookup?: LookupFunction | undefined;
  /** Addresses of hosts that are not looked up: `{'api.example.com': '10.0.0.7'}`. */
  readonly resolve?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** Told, once, what a look-up gave. */
export type Resolved = (error: Error | undefined, addresses: readonly Address[]) => void;

/** The answer for a name, from which each dial gets the addresses in an order of its own. */
interface Entry {
  readonly addresses: readonly Address[];
  /** On the clock of `performance`. */
  readonly expires: number;
  turn: number;
  /** Those that could not be connected to; they are tried after the others. */
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

/** Looks names up: once for all who ask at the same time, and not again while the answer is fresh. */
export class Resolver {
  readonly #ttl: number;
  readonly #cacheSize: number;
  readonly #lookup: LookupFunction | undefined;
  readonly #family: 0 | 4 | 6;
  readonly #fixed = new Map<string, Entry>();
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Lookup>();

  /**
   * @param family - 0: both
   * @throws InvalidOptionError, UnsupportedOptionError when an option is not what it may be
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
      throw new InvalidOptionError('connector.dns.lookup', lookup, 'a function, as dns.lookup is');
    }
    if (!isObject(resolve)) {
      throw new InvalidOptionError(
        'connector.dns.resolve',
        resolve,
        'an object of hosts and their addresses',
      );
    }
    this.#ttl = ttl;
    this.#cacheSize = cacheSize;
    this.#lookup = lookup;
    this.#family = family;
    for (const [host, given] of Object.entries(resolve)) {
      this.#fixed.set(host.toLowerCase(), fixedEntry(host, given, family));
    }
  }

  /** The addresses of a name, in the order to try them in, if they are known without asking. */
  find(hostname: string): readonly Address[] | undefined {
    const entry = this.#fixed.get(hostname) ?? this.#fresh(hostname);
    return entry && orderAddresses(entry);
  }

  /**
   * Asks for the addresses of a name.
   *
   * @returns a function after which `done` is not called any more
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
      // Nobody waits for it: who asks next is not to wait for one that may never come.
      if (waiting.size === 0 && this.#pending.get(hostname)?.waiting === waiting)
        this.#pending.delete(hostname);
    };
  }

  /** An address of a name could not be connected to: it is tried after the others until the name is looked up again. */
  failed(hostname: string, address: string): void {
    const entry = this.#fixed.get(hostname) ?? this.#entries.get(hostname);
    if (!entry || entry.addresses.length === 1) return;
    entry.failed ??= new Set();
    entry.failed.add(address);
    if (entry.failed.size === entry.addresses.length) entry.failed = undefined;
  }

  /** None of a name's addresses could be connected to: it is looked up again by whoever asks next. */
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
    // Node's own sockets ask with this hint: no addresses of a family that this machine has none of.
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
    if (kind === 0) throw new InvalidOptionError(option, address, 'an IP address, or an array of some');
    if (family === 0 || kind === family) addresses.push({address: address as string, family: kind as 4 | 6});
  }
  if (addresses.length === 0) {
    throw new InvalidOptionError(
      option,
      given,
      family === 0 ? 'at least one address' : `one of family ${family}`,
    );
  }
  return {addresses, expires: Infinity, turn: 0, failed: undefined};
}

// A look-up of somebody's own may answer anything; what is connected to, and guarded, is an address.
function checkAnswer(
  hostname: string,
  given: unknown,
  givenFamily: number | undefined,
  family: 0 | 4 | 6,
): Address[] {
  const list: unknown[] = Array.isArray(given) ? given : [{address: given, family: givenFamily}];
  const addresses: Address[] = [];
  for (const item of list) {
    const {address} = (item ?? {}) as {address?: unknown};
    const kind = typeof address === 'string' ? isIP(address) : 0;
    if (kind === 0) throw new NoAddressError(`Look-up of ${hostname} gave something that is no address`);
    if (family === 0 || kind === family) addresses.push({address: address as string, family: kind as 4 | 6});
  }
  if (addresses.length > 0) return addresses;
  throw new NoAddressError(
    `Look-up of ${hostname} gave no address${family === 0 ? '' : ` of family ${family}`}`,
  );
}

/**
 * The addresses in the order to try them in: in turn, so that each is first once, and families alternating, beginning
 * with the one that the resolver put first (RFC 8305, section 4).
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
