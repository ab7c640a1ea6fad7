import {env} from 'node:process';
import {fileURLToPath} from 'node:url';
import {installed, system} from '../../conformance/support/binaries.ts';
import type {StartBrowser} from '../../conformance/support/browsers.ts';
import {openBrowser, startChromium, startFirefox} from '../../conformance/support/browsers.ts';
import {bundleEntry} from '../../conformance/support/bundle.ts';
import type {Child} from '../../conformance/support/child.ts';
import {start} from '../../conformance/support/child.ts';
import {startWorkerd} from '../../conformance/support/workerd.ts';
import {openDesk} from './desk.ts';
import type {Told, Work} from './work.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const commandEntry = fileURLToPath(new URL('./entries/command.ts', import.meta.url));
const pageEntry = fileURLToPath(new URL('./entries/page.ts', import.meta.url));
const workerdEntry = fileURLToPath(new URL('./entries/workerd.ts', import.meta.url));

/** A runtime that has started. */
export interface Running {
  readonly child: Child;
  ask(work: Work): Promise<Told>;
  end(): Promise<void>;
}

export interface BenchRuntime {
  readonly name: string;
  /** The path of its binary; `undefined` if the runtime is not installed. */
  readonly binary: string | undefined;
  /** How many requests are under way at once. Browsers have six connections to a host. */
  readonly concurrency: number;
  /** How long it is busy with its own start, in ms. @default 0 */
  readonly settles?: number;
  start(binary: string): Promise<Running>;
}

const condition = '--conditions=@aiofetch/source';

export const benchRuntimes: readonly BenchRuntime[] = [
  command('Node, fetch connector', installed.node24, [condition]),
  command('Deno', installed.deno, ['run', '-A', '--no-lock', condition]),
  command('Bun', installed.bun, [condition]),
  {name: 'workerd', binary: installed.workerd, concurrency: 64, start: openWorkerd},
  browser('Chromium', system.chromium, startChromium),
  browser('Firefox', system.firefox, startFirefox),
];

/** A runtime that runs a file from its command line. */
function command(name: string, binary: string | undefined, args: readonly string[]): BenchRuntime {
  return {
    name,
    binary,
    concurrency: 64,
    async start(path) {
      const desk = await openDesk();
      const child = start(path, [...args, commandEntry, desk.origin], {
        cwd: root,
        env: {...env, NODE_OPTIONS: ''},
      });
      return {child, ask: desk.ask, end: () => endBoth(child, desk)};
    },
  };
}

function browser(name: string, binary: string | undefined, open: StartBrowser): BenchRuntime {
  return {
    name,
    binary,
    concurrency: 6,
    settles: 4_000,
    async start(path) {
      const desk = await openDesk(await bundleEntry(pageEntry, ['browser']));
      const child = await openBrowser(path, open, `${desk.origin}/`);
      return {child, ask: desk.ask, end: () => endBoth(child, desk)};
    },
  };
}

async function openWorkerd(path: string): Promise<Running> {
  const bundle = await bundleEntry(workerdEntry, ['workerd', 'worker']);
  const {child, origins, end} = await startWorkerd(path, bundle, [{date: '2026-02-01', flags: []}]);
  return {
    child,
    async ask(work) {
      const response = await fetch(origins[0] as string, {method: 'POST', body: JSON.stringify(work)});
      return (await response.json()) as Told;
    },
    end,
  };
}

async function endBoth(child: Child, desk: {close(): Promise<void>}): Promise<void> {
  await child.end();
  await desk.close();
}
