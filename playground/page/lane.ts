import type {Run} from '../model/run.ts';
import type {LogSummary} from '../model/server-log.ts';
import type {Engine, Runtime} from '../model/settings.ts';

/** One of the runs that are shown beside each other. */
export interface Lane {
  readonly engine: Engine;
  readonly runtime: Runtime;
  readonly run: Run;
  /** What the server has recorded, after the run has ended. */
  log: LogSummary | undefined;
  /** When its first event came, on the page's clock. */
  startedAt: number | undefined;
}

export const engineNames: Readonly<Record<Engine, string>> = {session: 'Session', fetch: 'Plain fetch'};

/** The time of a lane's run, in ms since it began; it advances while the run goes on, also between events. */
export function laneTime({run, startedAt}: Lane): number {
  if (run.isOver || startedAt === undefined) return run.latest;
  return Math.max(run.latest, performance.now() - startedAt);
}
