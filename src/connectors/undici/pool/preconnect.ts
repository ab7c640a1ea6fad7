import {Lifetime} from '../../../core/call-lifetime.ts';
import type {Phase} from '../../../errors/index.ts';
import {ConnectionError, TimeoutError} from '../../../errors/index.ts';
import type {Linked, LinkedList} from '../../../utils/linked-list.ts';
import {describeFailure} from '../describe-failure.ts';
import {Connection} from '../http1/connection.ts';
import type {Pool} from './pool.ts';
import type {PoolConnection, PoolHost, PoolMember} from './pool-host.ts';

/** Opens connections to a host until it has `connections` idle ones. Resolves when all of them are open. */
export async function preconnectHost(pool: Pool, origin: string, connections: number): Promise<void> {
  const host = pool.limits.host(origin);
  // One shared connection is enough for all requests.
  const missing = host.shared.length > 0 ? 0 : connections - host.idle.length;
  if (missing <= 0) return;
  await Promise.all(
    Array.from(
      {length: missing},
      () => new Promise<void>((resolve, reject) => new Preconnection(pool, host, resolve, reject).start()),
    ),
  );
}

/**
 * Opens a connection to a host and leaves it idle. It waits for a slot like a request and holds the slot while it dials, so
 * that the limits also hold for connections opened in advance.
 */
class Preconnection implements PoolMember {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly host: PoolHost;
  readonly connectTimeout = undefined;
  readonly lifetime = new Lifetime();
  readonly #pool: Pool;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #isGranted = false;
  #isOver = false;

  constructor(pool: Pool, host: PoolHost, resolve: () => void, reject: (error: unknown) => void) {
    this.#pool = pool;
    this.host = host;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  emit(): void {}

  timeOut(): void {}

  start(): void {
    if (this.#pool.limits.acquire(this.host, this)) this.granted();
  }

  granted(): void {
    this.#isGranted = true;
    this.#pool.open(this);
  }

  connected(connection: PoolConnection): void {
    if (connection instanceof Connection) connection.awaitFirstRequest();
    this.#pool.putBack(connection);
    this.#end(this.#resolve);
  }

  dialFailed(error: Error, phase: Phase): void {
    const {code} = error as {code?: string};
    const details = {...this.#details(), code, cause: error};
    this.#fail(new ConnectionError(describeFailure(error, phase), phase, details));
  }

  dialTimedOut(limit: number, cause: Error | undefined): void {
    this.#fail(new TimeoutError('connect', limit, {...this.#details(), cause}));
  }

  aborted(reason: unknown): void {
    if (this.#isOver) return;
    if (this.#isGranted) this.#pool.cancel(this);
    else this.#pool.limits.leave(this.host, this);
    this.#fail(reason);
  }

  #fail(error: unknown): void {
    this.#end(() => this.#reject(error));
  }

  #end(settle: () => void): void {
    this.#isOver = true;
    if (this.#isGranted) this.#pool.releaseSlot(this.host);
    else this.#pool.settle(this.host);
    settle();
  }

  #details() {
    return {request: {method: 'PRECONNECT', url: this.host.key}};
  }
}
