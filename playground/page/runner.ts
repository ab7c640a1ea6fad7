import type {RunEvent} from '../model/events.ts';
import {applyEvent, createRun} from '../model/run.ts';
import type {LogSummary} from '../model/server-log.ts';
import type {Engine, Runtime, Settings} from '../model/settings.ts';
import type {Target} from '../model/target.ts';
import {targetUrls} from '../model/target.ts';
import {runBurst} from '../run/burst.ts';
import type {Backend} from './backend.ts';
import type {Lane} from './lane.ts';

/** A run with one engine after the other, so that they don't compete for connections. */
export interface Plan {
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly engines: readonly Engine[];
  readonly signal: AbortSignal;
  readonly show: (lanes: readonly Lane[]) => void;
  /** Called after each event. */
  readonly draw: () => void;
}

// Vite's configuration sets it.
declare const isStaticSite: boolean;

/** Opens the backend: the dev server's, or msw's in the static site. */
export async function openBackend(): Promise<Backend> {
  if (isStaticSite) return (await import('../static/backend.ts')).createStaticBackend();
  return (await import('./dev-backend.ts')).createDevBackend();
}

/**
 * Runs the engines, and resolves when the last run has ended or was stopped.
 *
 * @throws Error for invalid settings, and when the server can't be reached
 */
export async function runLanes(backend: Backend, plan: Plan): Promise<void> {
  const {settings, runtime, engines, signal, show} = plan;
  const targets: Target[] = [];
  const lanes: Lane[] = [];
  for (const engine of engines) {
    const target = await backend.createRun(settings);
    const run = createRun(settings.requests, target.hosts);
    targets.push(target);
    lanes.push({engine, runtime, run, log: undefined, startedAt: undefined});
  }
  show(lanes);
  for (const [index, lane] of lanes.entries()) {
    if (signal.aborted) return;
    await runLane(backend, plan, lane, targets[index] as Target);
  }
}

async function runLane(backend: Backend, plan: Plan, lane: Lane, target: Target): Promise<void> {
  const {settings, runtime, signal, draw} = plan;
  const {engine, run} = lane;
  const emit = (event: RunEvent) => {
    lane.startedAt ??= performance.now();
    applyEvent(run, event);
    draw();
  };
  if (runtime === 'browser') {
    await runBurst({settings, runtime, engine, urls: targetUrls(target, settings), signal, emit});
  } else if (backend.runOnNode) {
    await backend.runOnNode(target.id, engine, signal, emit);
  }
  lane.log = await settledLog(backend, target.id);
  draw();
}

/** How long to wait for the server to notice the last broken connections, and the interval of asking it, in ms. */
const patience = 3_000;
const pause = 50;

async function settledLog(backend: Backend, id: string): Promise<LogSummary> {
  const until = performance.now() + patience;
  for (;;) {
    const log = await backend.summary(id);
    if (log.active === 0 || performance.now() > until) return log;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
