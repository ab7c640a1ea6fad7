import diagnostics from 'node:diagnostics_channel';
import type {Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import type {ScenarioResult} from './scenario.ts';
import {playScenario} from './scenario.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** The numbers of the scenarios. */
  readonly numbers: readonly number[];
}

export interface CampaignReport {
  /** How many calls ended in each way: with a status, the code of an error, or `aborted`. */
  readonly ends: Readonly<Record<string, number>>;
  /** The scenarios in which something happened that must not happen. */
  readonly failed: readonly ScenarioResult[];
  /** What the process reported that belongs to no scenario: unhandled rejections, warnings and sockets that stay open. */
  readonly strays: readonly string[];
}

// Most of a scenario is waiting. With more of them at once, calls would run into their timeouts for want of processor time.
const sideBySide = 12;

/** Plays scenarios side by side in this process, and watches the process. */
export async function runCampaign({seed, numbers}: CampaignOptions): Promise<CampaignReport> {
  const failed: ScenarioResult[] = [];
  const ends: Record<string, number> = {};
  const underWay = new Set<number>();
  const watch = watchProcess(() => `while scenarios ${[...underWay].join(', ')} were under way`);
  const left = numbers.values();

  async function playOneAfterAnother(): Promise<void> {
    for (const number of left) {
      underWay.add(number);
      const result = await playScenario(seed, number);
      underWay.delete(number);
      for (const end of result.ends) ends[end] = (ends[end] ?? 0) + 1;
      if (result.faults.length > 0) failed.push(result);
    }
  }

  await Promise.all(Array.from({length: Math.min(sideBySide, numbers.length)}, playOneAfterAnother));
  return {ends, failed, strays: await watch.end()};
}

/** Records what the process reports, and the sockets that it opens as a client. */
function watchProcess(context: () => string): {end(): Promise<string[]>} {
  const strays: string[] = [];
  const open = new Set<Socket>();
  const report = (what: string) => (error: unknown) => {
    strays.push(`${what} ${context()}: ${(error as Error | undefined)?.stack ?? String(error)}`);
  };
  const listeners = {
    unhandledRejection: report('unhandled rejection'),
    uncaughtExceptionMonitor: report('uncaught exception'),
    warning: report('warning'),
  };
  for (const [event, listener] of Object.entries(listeners)) process.on(event, listener);
  const onSocket = (message: unknown) => {
    const {socket} = message as {readonly socket: Socket};
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  diagnostics.subscribe('net.client.socket', onSocket);
  return {
    async end() {
      // Rejections are reported after the turn, and sockets close in a later one.
      for (let left = 200; left > 0 && open.size > 0; left--) await delay(10);
      await delay(10);
      for (const [event, listener] of Object.entries(listeners)) process.off(event, listener);
      diagnostics.unsubscribe('net.client.socket', onSocket);
      if (open.size > 0) strays.push(`${open.size} sockets of the client stay open`);
      return strays;
    },
  };
}

/** Shows a failed scenario, and how to play it again. */
export function showScenario(seed: number, {number, transport, faults, log}: ScenarioResult): string {
  return [
    `Scenario ${number} over ${transport}: ${faults.join('\n')}`,
    `Play it again: AIOFETCH_FAULTS=${seed}:${number} npx vitest run test/faults`,
    ...log().map((line) => `  ${line}`),
  ].join('\n');
}
