import type {RunEvent} from '../model/events.ts';
import type {LogSummary} from '../model/server-log.ts';
import type {Engine, Settings} from '../model/settings.ts';
import type {Target} from '../model/target.ts';

/** What plays the server's part. */
export interface Backend {
  /** A run at the embedded server. */
  createRun(settings: Settings): Promise<Target>;
  /** What the server has seen of it. */
  summary(id: string): Promise<LogSummary>;
  /** Sends its burst from Node and tells what happens, to its end, which an abort of `signal` brings about; `undefined` where there is no Node. */
  readonly runOnNode:
    | ((id: string, engine: Engine, signal: AbortSignal, emit: (event: RunEvent) => void) => Promise<void>)
    | undefined;
}
