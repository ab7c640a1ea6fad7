import {readFileSync, writeFileSync} from 'node:fs';
import {cpus, release} from 'node:os';
import {fileURLToPath} from 'node:url';
import {operations} from './against/operations.ts';
import {renderAgainst} from './against/report.ts';
import {againstTimes, runAgainst} from './against/run-against.ts';
import {Bench, fullSettings, quickSettings} from './bench.ts';
import {ensureBuilt} from './build.ts';
import {cases} from './cases/index.ts';
import type {AgainstOptions, PeersOptions, RuntimesOptions} from './options.ts';
import {readOptions, UsageError} from './options.ts';
import type {CaseResult, Report} from './report.ts';
import {renderTable, withReport, withSummary} from './report.ts';
import {renderRuntimes, withRuntimes} from './runtimes/report.ts';
import {runRuntimes, runtimeTimes} from './runtimes/run-runtimes.ts';
import {benchRuntimes} from './runtimes/runtimes.ts';
import {check, renderVerdict} from './targets.ts';

/**
 * Compares the built package with other clients or with another state of itself, in one run on one machine.
 *
 * @module
 */

/** The page with all figures, and the page that shows a dozen lines of them. */
const reportFile = fileURLToPath(new URL('./README.md', import.meta.url));
const summaryFile = fileURLToPath(new URL('../../README.md', import.meta.url));

function describeMachine(versions: Iterable<string>): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  const system = `${process.platform} ${release()} ${process.arch}`;
  return [
    `${processors.length} × ${model}`,
    system,
    `Node ${process.versions.node}`,
    ...[...versions].sort(),
  ].join(', ');
}

/** Overwrites one line of the terminal; prints nothing where there is no terminal. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

/** Writes a page. It is read at this moment, because somebody may have edited it during the run. */
function updatePage(file: string, update: (page: string) => string): void {
  try {
    writeFileSync(file, update(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, {cause: error});
  }
}

async function comparePeers(options: PeersOptions): Promise<void> {
  const wanted = cases.filter(({name}) => options.cases?.includes(name) ?? true);
  ensureBuilt({declarations: wanted.some(({name}) => name === 'types')});
  const base = options.quick ? quickSettings : fullSettings;
  const {rounds} = options;
  const settings = rounds === undefined ? base : {...base, rounds, longRounds: rounds};
  const bench = await Bench.start(settings, options.peers, showProgress);
  const results: CaseResult[] = [];
  try {
    for (const current of wanted) {
      const {name, section, column, unit, ratios, added} = current;
      const rows = await current.run(bench);
      const title = current.title(settings);
      const result = {name, section, title, column, unit, ratios, added, rows};
      results.push(result);
      showProgress('');
      if (!options.json) console.log(`${renderTable(result)}\n`);
    }
  } finally {
    showProgress('');
    await bench.stop();
  }

  const report: Report = {
    machine: describeMachine(bench.versions),
    server: bench.server.software,
    rounds: settings.rounds,
    cases: results,
    notes: [...bench.notes],
  };
  const verdicts = options.check ? check(results) : [];
  if (options.json) {
    console.log(JSON.stringify(options.check ? {...report, verdicts} : report, undefined, 2));
  } else {
    console.log(`${report.machine}\nServer: ${report.server}`);
    for (const note of report.notes) console.log(note);
    if (verdicts.length > 0) console.log(`\n${verdicts.map(renderVerdict).join('\n')}`);
  }
  if (options.markdown) {
    updatePage(reportFile, (page) => withReport(page, report));
    updatePage(summaryFile, (page) => withSummary(page, report));
  }
  if (verdicts.some(({outcome}) => outcome === 'missed')) process.exitCode = 1;
}

async function compareBuilds(options: AgainstOptions): Promise<void> {
  const {ref, requests, rounds, cases: names} = options;
  const times = options.quick ? againstTimes.quick : againstTimes.full;
  const settings = {
    ...times,
    ref,
    requests,
    rounds: rounds ?? times.rounds,
    operations: operations.filter(({name}) => names?.includes(name) ?? true),
  };
  const report = await runAgainst(settings, describeMachine([]), showProgress);
  console.log(options.json ? JSON.stringify(report, undefined, 2) : renderAgainst(report));
}

async function compareRuntimes({rounds, runtimes, ...options}: RuntimesOptions): Promise<void> {
  const times = options.quick ? runtimeTimes.quick : runtimeTimes.full;
  const wanted = benchRuntimes.filter(({name}) => runtimes?.includes(name) ?? true);
  const settings = {...times, rounds: rounds ?? times.rounds};
  const report = await runRuntimes(wanted, settings, describeMachine([]), showProgress);
  console.log(options.json ? JSON.stringify(report, undefined, 2) : renderRuntimes(report));
  if (options.markdown) updatePage(reportFile, (page) => withRuntimes(page, report));
}

try {
  const options = readOptions(process.argv.slice(2));
  switch (options.mode) {
    case 'help':
      console.log(options.usage);
      break;
    case 'against':
      await compareBuilds(options);
      break;
    case 'runtimes':
      await compareRuntimes(options);
      break;
    case 'peers':
      await comparePeers(options);
  }
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(
    `${(error as Error).message}\n${isUsage ? '`npm run bench -- --help` lists the options, cases and clients.\n' : ''}`,
  );
  process.exitCode = isUsage ? 2 : 1;
}
