import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {ConformanceServer} from 'aiofetch/conformance/server';
import {startConformanceServer} from 'aiofetch/conformance/server';
import {certificates} from '../../support/certificates.ts';
import type {Child} from './child.ts';
import type {OptionsAddress} from './options-server.ts';
import {startOptionsServer} from './options-server.ts';
import type {CaseReport} from './report.ts';
import type {Runtime, Stage} from './runtimes.ts';
import {answerSite} from './site.ts';

/** The result of the suite in one runtime. */
export interface RuntimeReport {
  readonly name: string;
  readonly connector: string;
  readonly version: string;
  readonly ms: number;
  readonly cases: readonly CaseReport[];
  /** Why the runtime gave no report; none if it did. */
  readonly failure?: string | undefined;
}

/** The longest that one runtime may take, in ms. */
const runtimeLimit = 480_000;
// How many runtimes run at once. Each spends half a minute on cases that wait for a timeout, and needs no processor then.
const atOnce = 6;

/** Runs the suite in each runtime that is installed. The last ones in the list start first. */
export async function runRuntimes(
  wanted: readonly Runtime[],
  onReport?: (report: RuntimeReport) => void,
): Promise<RuntimeReport[]> {
  const {server: tls} = await certificates();
  const server = await startConformanceServer({tls});
  const options = await startOptionsServer();
  const desk = await openDesk(server, options);
  try {
    const reports = new Map<Runtime, RuntimeReport>();
    const waiting = wanted.filter(({binary}) => binary !== undefined);
    const work = async () => {
      for (let runtime = waiting.pop(); runtime; runtime = waiting.pop()) {
        const report = await runOne(runtime, desk.stage());
        reports.set(runtime, report);
        onReport?.(report);
      }
    };
    await Promise.all(Array.from({length: atOnce}, work));
    return wanted.flatMap((runtime) => reports.get(runtime) ?? []);
  } finally {
    await desk.close();
    await options.close();
    await server.close();
  }
}

async function runOne(runtime: Runtime, stage: Stage): Promise<RuntimeReport> {
  const {name, connector, binary = ''} = runtime;
  const start = Date.now();
  let version = '?';
  let cases: CaseReport[] = [];
  let failure: string | undefined;
  try {
    version = await runtime.version(binary);
    cases = await runtime.run(binary, stage);
    if (cases.length === 0) failure = 'No case was run';
  } catch (error) {
    failure = String((error as Error).stack ?? error);
  }
  return {name, connector, version, ms: Date.now() - start, cases, failure};
}

/** A server that serves the pages of browsers, and receives their reports. */
async function openDesk(
  conformance: ConformanceServer,
  options: OptionsAddress,
): Promise<{stage(): Stage; close(): Promise<void>}> {
  const pages = new Map<string, string>();
  const reports = new Map<string, (report: CaseReport[]) => void>();
  const server = createServer(async (request, response) => {
    const {pathname} = new URL(request.url as string, 'http://127.0.0.1');
    if (pathname.startsWith('/site/')) {
      answerSite(request, response);
    } else if (request.method === 'POST') {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      reports.get(pathname)?.(JSON.parse(body));
      response.end();
    } else if (pages.has(pathname)) {
      response.setHeader('content-type', 'text/javascript');
      response.end(pages.get(pathname));
    } else {
      response.setHeader('content-type', 'text/html');
      response.end(
        `<!doctype html><title>Conformance</title><body><script type="module" src="${pathname}.js"></script>`,
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let stages = 0;

  function stage(): Stage {
    const path = `/${++stages}`;
    const received = new Promise<CaseReport[]>((resolve) => reports.set(path, resolve));
    return {
      config: ({defaultConnector, takesCertificate}) => ({
        server: {...conformance, ...(!takesCertificate && {secure: undefined})},
        options,
        defaultConnector,
        reportTo: `${origin}${path}`,
      }),
      page(bundle, config, worker) {
        pages.set(`${path}.js`, bundle);
        if (worker !== undefined) pages.set(`${path}-worker.js`, worker);
        return `${origin}${path}?${new URLSearchParams({config: JSON.stringify(config)})}`;
      },
      report: (child) => reportOf(child, received),
    };
  }

  return {
    stage,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function reportOf(child: Child, received: Promise<CaseReport[]>): Promise<CaseReport[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, runtimeLimit, `The runtime did not report within ${runtimeLimit} ms`);
  });
  const gone = child.gone.then((code) => `The runtime ended with ${code} before it had reported`);
  const result = await Promise.race([received, gone, late]);
  clearTimeout(timer);
  if (typeof result === 'string') throw new Error(`${result}\n${child.output()}`);
  return result;
}
