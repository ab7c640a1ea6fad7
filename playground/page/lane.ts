import type {Run} from '../model/run.ts';
import type {LogSummary} from '../model/server-log.ts';
import type {Engine, Runtime} from '../model/settings.ts';

/** One of the runs that stand beside each other. */
export interface Lane {
  readonly engine: Engine;
  readonly runtime: Runtime;
  readonly run: Run;
  /** What the server has seen, once it's over. */
  log: LogSummary | undefined;
  /** When its first event came, on the page's clock. */
  startedAt: number | undefined;
}

export const engineNames: Readonly<Record<Engine, string>> = {session: 'Session', fetch: 'Plain fetch'};

/** The time in a lane's run, in ms since it began: goes on while it runs, whatever its events come from. */
export function laneTime({run, startedAt}: Lane): number {
  if (run.isOver || startedAt === undefined) return run.latest;
  return Math.max(run.latest, performance.now() - startedAt);
}
