import {assertOption, checkKnown, isObject} from '../../utils/check-options.ts';
import {randomHex} from '../../utils/random.ts';
import {inTurn} from './in-turn.ts';
import type {Cookie, CookieStore} from './types.ts';

/** A store of keys and values, such as an instance of Keyv with any of its adapters. */
export interface KeyvLike {
  get(key: string): unknown;
  /** Keyv returns `false` when its adapter has failed. */
  set(key: string, value: unknown): unknown;
}

/** Options of {@link keyvStore}. */
export interface KeyvStoreOptions {
  /**
   * The key under which the cookies are kept.
   *
   * @default 'aiofetch-cookies'
   */
  readonly key?: string | undefined;
}

/** The value under the key. The version tells whether the cookies have changed, without comparing them. */
interface Saved {
  readonly version: string;
  readonly cookies: readonly Cookie[];
}

/**
 * Keeps the cookies of a jar in a Keyv (https://keyv.org), and so in Redis, Valkey, SQLite, Postgres and others, under one
 * key. Updates of one process wait for each other. Keyv has no transactions: of two processes that update the cookies at the
 * same moment, the later one wins, and the cookies of the other are lost. A `CookieStore` of your own can do better.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {cookieJar, keyvStore} from 'aiofetch/cookies';
 *
 * const keyv = new Map<string, unknown>(); // or new Keyv(new KeyvRedis('redis://localhost:6379'))
 * const jar = cookieJar({store: keyvStore(keyv, {key: 'shop'})});
 * await jar.set('sid=1', 'https://example.com/');
 * ```
 */
export function keyvStore(keyv: KeyvLike, options: KeyvStoreOptions = {}): CookieStore {
  checkKnown('keyvStore', options, ['key']);
  const {key = 'aiofetch-cookies'} = options;
  assertOption(
    isObject(keyv) && typeof keyv.get === 'function' && typeof keyv.set === 'function',
    'keyv',
    keyv,
    'an object with get() and set()',
  );
  assertOption(typeof key === 'string' && key !== '', 'keyvStore.key', key, 'a text');
  const run = inTurn();
  let last: Saved | undefined;

  async function read(): Promise<readonly Cookie[] | undefined> {
    const found = await keyv.get(key);
    if (found === undefined || found === null) return undefined;
    if (!isSaved(found)) throw new TypeError('The key has something else than cookies');
    if (found.version !== last?.version) last = found;
    return last.cookies;
  }

  return {
    read,
    update: (change) =>
      run(async () => {
        const saved: Saved = {version: randomHex(), cookies: change(await read())};
        if ((await keyv.set(key, saved)) === false) throw new Error('set() returned false');
      }),
  };
}

function isSaved(value: unknown): value is Saved {
  return isObject(value) && typeof (value as Saved).version === 'string' && 'cookies' in value;
}
