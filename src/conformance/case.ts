import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../core/connector.ts';
import {createSessionOn} from '../session/create-session.ts';
import type {SessionOptions} from '../session/options.ts';
import type {Session} from '../session/session.ts';
import {equal, fail} from './assert.ts';
import {Room} from './room.ts';
import type {ConformanceServerAddress} from './server-address.ts';

/** How long a case may take, and its clean-up, in ms. */
const caseLimit = 40_000;
const cleanUpLimit = 10_000;

/** What a case is given: a room on the server, and what goes with it: sessions, connectors. To be taken apart. */
export class Case {
  readonly room: Room;
  readonly #createConnector: (options?: ConnectorOptions) => Connector;
  readonly #sessions: Session[] = [];
  readonly #connectors: Connector[] = [];

  constructor(server: ConformanceServerAddress, createConnector: (options?: ConnectorOptions) => Connector) {
    this.room = new Room(server);
    this.#createConnector = createConnector;
  }

  /** A session over a connector of its own, unless it is given one; without retries, which would hide what a connector does. */
  readonly open = (options: SessionOptions = {}): Session => {
    const session = createSessionOn({retry: false, ...options}, this.connect);
    this.#sessions.push(session);
    return session;
  };

  readonly connect = (options?: ConnectorOptions): Connector => {
    const connector = this.#createConnector(options);
    this.#connectors.push(connector);
    return connector;
  };

  /** Ends what a case left under way; nothing may be left after that. */
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

/** Declares cases: what a topic does with the `it` it is given. */
export type Topic = (
  it: (name: string, body: (given: Case) => Promise<void>) => void,
  can: ConnectorCapabilities,
  server: ConformanceServerAddress,
) => void;

/** Runs a case's body, and cleans up after it. */
export async function runCase(given: Case, body: (given: Case) => Promise<void>): Promise<void> {
  try {
    await within(caseLimit, body(given), 'The case');
  } catch (error) {
    // Its failure is the news.
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
