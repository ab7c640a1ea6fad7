import {randomUUID} from 'node:crypto';
import type {ServerLog} from '../model/server-log.ts';
import {createServerLog} from '../model/server-log.ts';
import type {Settings} from '../model/settings.ts';
import {hostCount} from '../model/settings.ts';
import type {Target} from '../model/target.ts';
import type {Hosts} from './hosts.ts';
import {startHosts} from './hosts.ts';

/** A run: its settings, the target of its requests, and what the server has recorded of them. */
export interface KnownRun {
  readonly settings: Settings;
  readonly target: Target;
  readonly log: ServerLog;
  /** Ends the burst that this process sends. */
  readonly stop: AbortController;
}

export interface Runs {
  create(settings: Settings): Target;
  find(id: string): KnownRun | undefined;
  close(): Promise<void>;
}

/** How many runs are kept, because pages may still show the last ones. */
const remembered = 20;

export async function startRuns(): Promise<Runs> {
  const runs = new Map<string, KnownRun>();
  const hosts: Hosts = await startHosts(hostCount, (host, id, key) =>
    runs.get(id)?.log.arrive(host, key, performance.now()),
  );
  return {
    create(settings) {
      const id = randomUUID();
      const target = {id, hosts: hosts.origins.slice(0, settings.hosts), path: `/r/${id}/`};
      runs.set(id, {
        settings,
        target,
        log: createServerLog(settings, settings.hosts),
        stop: new AbortController(),
      });
      const [oldest] = runs.keys();
      if (runs.size > remembered && oldest !== undefined) runs.delete(oldest);
      return target;
    },
    find: (id) => runs.get(id),
    close: () => hosts.close(),
  };
}
