/**
 * The conformance suite: every connector of this package passes it, and authors of connectors can run it on theirs.
 *
 * @module
 */
import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../core/connector.ts';
import type {ConformanceCase, Topic} from './case.ts';
import {Case, runCase} from './case.ts';
import type {ConformanceServerAddress} from './server-address.ts';
import {aborts} from './topics/aborts.ts';
import {auth} from './topics/auth.ts';
import {batches} from './topics/batches.ts';
import {bodies} from './topics/bodies.ts';
import {clients} from './topics/clients.ts';
import {compression} from './topics/compression.ts';
import {failures} from './topics/failures.ts';
import {lifetime} from './topics/lifetime.ts';
import {limits} from './topics/limits.ts';
import {policies} from './topics/policies.ts';
import {progress} from './topics/progress.ts';
import {queue} from './topics/queue.ts';
import {redirects} from './topics/redirects.ts';
import {requests} from './topics/requests.ts';
import {responses} from './topics/responses.ts';
import {sizes} from './topics/sizes.ts';
import {stats} from './topics/stats.ts';
import {streams} from './topics/streams.ts';
import {timeouts} from './topics/timeouts.ts';
import {tracing} from './topics/tracing.ts';
import {uploads} from './topics/uploads.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../core/connector.ts';
export {ConformanceError} from './assert.ts';
export type {ConformanceCase} from './case.ts';
export type {ConformanceServerAddress} from './server-address.ts';

const topics = {
  requests,
  bodies,
  responses,
  streams,
  redirects,
  compression,
  sizes,
  aborts,
  limits,
  queue,
  timeouts,
  lifetime,
  stats,
  failures,
  batches,
  uploads,
  progress,
  policies,
  auth,
  tracing,
  clients,
} satisfies Record<string, Topic>;

/** The topics of the suite. */
export type ConformanceTopic = keyof typeof topics;

/** The connector to check, and the server to check it against. */
export interface ConformanceTarget {
  /** Makes a connector. Each case makes one or several of its own, with the options that it needs. */
  createConnector(options?: ConnectorOptions): Connector;
  /**
   * The capabilities of the connector. The suite checks that it has these, and that it refuses what needs the others.
   *
   * @default the `capabilities` of the connector
   */
  readonly capabilities?: ConnectorCapabilities | undefined;
  /**
   * The addresses of a server that `startConformanceServer` of `aiofetch/conformance/server` has started, in this process or
   * in another one.
   */
  readonly server: ConformanceServerAddress;
  /**
   * The topics to run.
   *
   * @default all
   */
  readonly topics?: readonly ConformanceTopic[] | undefined;
}

/**
 * The two functions of a test framework that register a group of tests and a test: those of `node:test`, vitest, jest, mocha,
 * Deno's `@std/testing` and `bun:test` do.
 */
export interface ConformanceFramework {
  describe(name: string, define: () => void): unknown;
  it(name: string, run: () => Promise<void>): unknown;
}

/**
 * Gives the cases of the suite, to run without a test framework. Each case has its own connector and its own part of the
 * server, bounds its time (40 s, and 10 s for its clean-up), cleans up, and rejects with a {@link ConformanceError} if the
 * connector fails it.
 */
export function conformanceCases(target: ConformanceTarget): ConformanceCase[] {
  const {server, createConnector} = target;
  const cases: ConformanceCase[] = [];
  const can = target.capabilities ?? capabilitiesOf(target);
  for (const name of target.topics ?? (Object.keys(topics) as ConformanceTopic[])) {
    const it: Parameters<Topic>[0] = (caseName, body) =>
      cases.push({
        topic: name,
        name: caseName,
        run: () => runCase(new Case(server, createConnector), body),
      });
    topics[name](it, can, server);
  }
  return cases;
}

function capabilitiesOf(target: ConformanceTarget): ConnectorCapabilities {
  const connector = target.createConnector();
  void connector.close();
  return connector.capabilities;
}

/**
 * Registers the suite with a test framework.
 *
 * The suite checks that a connector sends and receives as the Fetch standard says; keeps `limit` and `limitPerHost`, with
 * slots that last to the end of the body; queues fairly; frees everything at once when a call is aborted; times out, closes
 * and counts; and fails with typed errors. It also checks that policies work over the connector.
 *
 * @example
 * ```ts
 * import {after, describe, it} from 'node:test';
 * import {connectorConformance} from 'aiofetch/conformance';
 * import {startConformanceServer} from 'aiofetch/conformance/server';
 * import {fetchConnector} from 'aiofetch/fetch';
 *
 * const server = await startConformanceServer();
 * after(() => server.close());
 *
 * connectorConformance(
 *   {describe, it},
 *   {server, createConnector: fetchConnector, topics: ['redirects']}, // without `topics`, all of them
 * );
 * ```
 */
export function connectorConformance({describe, it}: ConformanceFramework, target: ConformanceTarget): void {
  const byTopic = Map.groupBy(conformanceCases(target), ({topic}) => topic);
  for (const [topic, cases] of byTopic) {
    describe(topic, () => {
      for (const {name, run} of cases) it(name, run);
    });
  }
}
