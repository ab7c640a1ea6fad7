import {sharedPlatform} from '../connectors/base/shared-platform.ts';
import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../core/connector.ts';
import {createSessionOn} from '../session/create-session.ts';
import type {SessionOptions} from '../session/options.ts';
import type {Session} from '../session/session.ts';
import {equal, fail} from './assert.ts';
import {Room} from './room.ts';
import type {ConformanceServerAddress} from './server-address.ts';

/** The longest that a case may take, and its clean-up, in ms. */
const caseLimit = 40_000;
const cleanUpLimit = 10_000;

/** What the body of a case gets, to be destructured: a room on the server, and sessions and connectors that end with the case. */
export class Case {
  readonly room: Room;
  readonly #createConnector: (options?: ConnectorOptions) => Connector;
  readonly #sessions: Session[] = [];
  readonly #connectors: Connector[] = [];

  constructor(server: ConformanceServerAddress, createConnector: (options?: ConnectorOptions) => Connector) {
    this.room = new Room(server);
    this.#createConnector = createConnector;
  }

  /** A session on a connector of its own, unless the options have one. It makes no retries, which would hide failures. */
  readonly open = (options: SessionOptions = {}): Session => {
    const session = createSessionOn(
      {retry: false, ...options},
      {...sharedPlatform, defaultConnector: this.connect},
    );
    this.#sessions.push(session);
    return session;
  };

  readonly connect = (options?: ConnectorOptions): Connector => {
    const connector = this.#createConnector(options);
    this.#connectors.push(connector);
    return connector;
  };

  /** Ends everything that the case left active, and fails if a connector has something left after that. */
  async cleanUp(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.destroy()));
    await Promise.all(this.#connectors.map((connector) => connector.destroy()));
    await this.room.release();
    for (const connector of this.#connectors) {
      const {active, queued, idle} = connector.stats();
      equal(active + queued + idle, 0, 'what is active, queued or idle after destroy');
    }
  }
}

/** One case of the suite. */
export interface ConformanceCase {
  readonly topic: string;
  readonly name: string;
  run(): Promise<void>;
}

/** A topic declares its cases with the `it` that it gets, as the capabilities allow. */
export type Topic = (
  it: (name: string, body: (given: Case) => Promise<void>) => void,
  can: ConnectorCapabilities,
  server: ConformanceServerAddress,
) => void;

/** Runs the body of a case, and cleans up after it. */
export async function runCase(given: Case, body: (given: Case) => Promise<void>): Promise<void> {
  try {
    await within(caseLimit, body(given), 'The case');
  } catch (error) {
    // The failure of the case matters; one of the clean-up would only follow from it.
    await within(cleanUpLimit, given.cleanUp(), 'Cleaning up').catch(() => undefined);
    throw error;
  }
  await within(cleanUpLimit, given.cleanUp(), 'Cleaning up');
}

async function within(limit: number, work: Promise<void>, what: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limit);
  });
  try {
    const isLate = await Promise.race([work.then(() => false), late.then(() => true)]);
    if (isLate) fail(`${what} was not over after ${limit} ms`);
  } finally {
    clearTimeout(timer);
  }
}
