/**
 * The suite that every connector of this package passes, for whoever writes another.
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

/** What the suite is about. */
export type ConformanceTopic = keyof typeof topics;

/** The connector that is to be looked at, and where. */
export interface ConformanceTarget {
  /** Makes one. Each case makes its own, with the options it needs. */
  createConnector(options?: ConnectorOptions): Connector;
  /**
   * What it can do: what it can is asserted, and what it can't has to be refused.
   *
   * @default what the connector says of itself
   */
  readonly capabilities?: ConnectorCapabilities | undefined;
  /** What `startConformanceServer` of `aiofetch/conformance/server` gave, or what of it came over from another process. */
  readonly server: ConformanceServerAddress;
  /** @default all */
  readonly topics?: readonly ConformanceTopic[] | undefined;
}

/** What registers a group of tests, and one test: of `node:test`, vitest, jest, mocha, Deno's `@std/testing`, `bun:test`. */
export interface ConformanceFramework {
  describe(name: string, define: () => void): unknown;
  it(name: string, run: () => Promise<void>): unknown;
}

/**
 * The suite, case by case, for who runs it without a test framework. Each case uses a connector and a part of the
 * server of its own, takes care of its time, cleans up, and rejects when it fails.
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
 * It shows that a connector sends and receives what the Fetch standard says, keeps `limit` and `limitPerHost` with
 * slots that last to the end of the body, queues fairly, lets go at once when a call is aborted, times out, closes,
 * counts, and fails with typed errors; and that policies work over it.
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
 *   {server, createConnector: fetchConnector, topics: ['redirects']}, // all, when left out
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
