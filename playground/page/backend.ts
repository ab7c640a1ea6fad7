import type {RunEvent} from '../model/events.ts';
import type {LogSummary} from '../model/server-log.ts';
import type {Engine, Settings} from '../model/settings.ts';
import type {Target} from '../model/target.ts';

/** The embedded server as the page sees it: the dev server, or msw in the static site. */
export interface Backend {
  /** Creates a run at the embedded server. */
  createRun(settings: Settings): Promise<Target>;
  /** What the server has recorded of a run. */
  summary(id: string): Promise<LogSummary>;
  /** Sends the burst of a run from Node, and emits its events until it ends or `signal` is aborted; `undefined` without Node. */
  readonly runOnNode:
    | ((id: string, engine: Engine, signal: AbortSignal, emit: (event: RunEvent) => void) => Promise<void>)
    | undefined;
}
