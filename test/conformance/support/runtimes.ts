import {join} from 'node:path';
import {env} from 'node:process';
import {installed, isOnNpm, system, versionOf} from './binaries.ts';
import type {StartBrowser} from './browsers.ts';
import {openBrowser, startChromium, startFirefox} from './browsers.ts';
import {bundleEntry} from './bundle.ts';
import type {Child} from './child.ts';
import {start} from './child.ts';
import type {EntryConfig} from './entry.ts';
import type {CaseReport} from './report.ts';
import {startWorkerd} from './workerd.ts';

/** What the runner gives to a runtime. */
export interface Stage {
  /** Makes the configuration of the entry, with the address for its report. */
  config(options: {defaultConnector?: string | undefined; takesCertificate?: boolean}): EntryConfig;
  /** Serves a page that runs a bundle, and the service worker that it registers, and gives the address of the page. */
  page(bundle: string, config: EntryConfig, worker?: string): string;
  /** Waits for the report of the entry. Rejects if the process ends before it. */
  report(child: Child): Promise<CaseReport[]>;
}

/** A runtime in which the suite runs with one connector. */
export interface Runtime {
  readonly name: string;
  readonly connector: string;
  /** The path of its binary; `undefined` if the runtime is not installed. */
  readonly binary: string | undefined;
  /** Whether the runtime has to be installed: npm installs those that it has for this platform, and CI installs the browsers. */
  readonly isDemanded: boolean;
  version(binary: string): Promise<string>;
  run(binary: string, stage: Stage): Promise<CaseReport[]>;
}

const root = join(import.meta.dirname, '../../..');
const condition = '--conditions=@aiofetch/source';
const denoArgs = ['run', '-A', '--no-lock', condition];

/** All runtimes, ordered by how long they take. */
export const runtimes: readonly Runtime[] = [
  ...(['22', '24', '26'] as const).flatMap((major) => [
    command(`Node ${major}`, 'undici', installed[`node${major}`], [condition], 'node.ts', 'undici'),
    command(`Node ${major}`, 'fetch', installed[`node${major}`], [condition], 'node-fetch.ts'),
  ]),
  command('Deno', 'deno', installed.deno, denoArgs, 'deno.ts', 'deno'),
  command('Deno', 'deno, its own options', installed.deno, denoArgs, 'deno-options.ts'),
  command('Bun', 'bun', installed.bun, [condition], 'bun.ts', 'bun'),
  command('Bun', 'bun, its own options', installed.bun, [condition], 'bun-options.ts'),
  worker('workerd', '2026-02-01', []),
  worker('workerd, nodejs_compat', '2026-10-01', ['nodejs_compat']),
  browser('Chromium', system.chromium, startChromium, true),
  browser('Firefox', system.firefox, startFirefox),
  webkit(),
  serviceWorker('Chromium', system.chromium, startChromium),
  serviceWorker('Firefox', system.firefox, startFirefox),
];

/** A runtime that runs a file from its command line. */
function command(
  name: string,
  connector: string,
  binary: string | undefined,
  args: readonly string[],
  entry: string,
  defaultConnector?: string,
): Runtime {
  return {
    name,
    connector,
    isDemanded: isOnNpm,
    binary,
    version: versionOf,
    async run(path, stage) {
      const file = join(root, 'test/conformance/entries', entry);
      const config = JSON.stringify(stage.config({defaultConnector}));
      const child = start(path, [...args, file, config], {cwd: root, env: {...env, NODE_OPTIONS: ''}});
      try {
        return await stage.report(child);
      } finally {
        await child.end();
      }
    },
  };
}

/**
 * workerd runs twice. By its early compatibility date, the first has no `process`, which later dates bring even without
 * nodejs_compat. At still earlier dates, `text()` doesn't remove a byte order mark.
 */
function worker(name: string, compatibilityDate: string, flags: readonly string[]): Runtime {
  return {
    name,
    connector: 'fetch',
    isDemanded: isOnNpm,
    binary: installed.workerd,
    version: versionOf,
    async run(path, stage) {
      const bundle = await bundleEntry('workerd.ts', ['workerd', 'worker']);
      const workerd = await startWorkerd(path, bundle, [{date: compatibilityDate, flags}]);
      try {
        const response = await fetch(workerd.origins[0] as string, {
          method: 'POST',
          body: JSON.stringify(stage.config({defaultConnector: 'fetch'})),
        });
        if (!response.ok) throw new Error(await response.text());
        return (await response.json()) as CaseReport[];
      } catch (error) {
        throw new Error(`${error}\n${workerd.child.output()}`, {cause: error});
      } finally {
        await workerd.end();
      }
    },
  };
}

/** A browser that opens a page, with a profile of its own. */
function browser(
  name: string,
  binary: string | undefined,
  open: StartBrowser,
  takesCertificate = false,
): Runtime {
  return {
    name,
    connector: 'fetch',
    isDemanded: env['AIOFETCH_REQUIRE_BROWSERS'] === '1',
    binary,
    version: versionOf,
    async run(path, stage) {
      const config = stage.config({defaultConnector: 'fetch', takesCertificate});
      return openPage(path, stage, open, stage.page(await bundleEntry('page.ts', ['browser']), config));
    },
  };
}

/** A browser that opens a page whose requests a service worker answers, through a session. */
function serviceWorker(name: string, binary: string | undefined, open: StartBrowser): Runtime {
  return {
    ...browser(name, binary, open),
    connector: 'fetch, in a service worker',
    async run(path, stage) {
      const page = await bundleEntry('service-worker-page.ts', ['browser']);
      const worker = await bundleEntry('service-worker.ts', ['browser']);
      return openPage(path, stage, open, stage.page(page, stage.config({}), worker));
    },
  };
}

async function openPage(path: string, stage: Stage, open: StartBrowser, url: string): Promise<CaseReport[]> {
  const child = await openBrowser(path, open, url);
  try {
    return await stage.report(child);
  } finally {
    await child.end();
  }
}

/** WebKitGTK's test browser has no headless mode, so it gets a virtual screen. */
function webkit(): Runtime {
  const runtime = browser('WebKitGTK', system.xvfb && system.webkit, async (binary, url, profile) => {
    const screen = await startScreen();
    const child = start(binary, [`--private`, url], {
      env: {
        ...env,
        HOME: profile,
        DISPLAY: screen.display,
        GDK_BACKEND: 'x11',
        WEBKIT_DISABLE_COMPOSITING_MODE: '1',
      },
    });
    void child.gone.then(screen.end);
    return child;
  });
  return {
    ...runtime,
    async version(binary) {
      const screen = await startScreen();
      try {
        return await versionOf(binary, {...env, DISPLAY: screen.display});
      } finally {
        await screen.end();
      }
    },
  };
}

async function startScreen(): Promise<{display: string; end(): Promise<void>}> {
  const child = start(
    system.xvfb as string,
    ['-displayfd', '3', '-screen', '0', '800x600x24', '-nolisten', 'tcp'],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  const number = await new Promise<string>((resolve, reject) => {
    child.process.stdio[3]?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    void child.gone.then(() => reject(new Error(`Xvfb did not start: ${child.output()}`)));
  });
  return {display: `:${number}`, end: () => child.end()};
}
