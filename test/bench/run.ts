import {readFileSync, writeFileSync} from 'node:fs';
import {cpus, release} from 'node:os';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {Bench, fullSettings, isPeer, quickSettings} from './bench.ts';
import {ensureBuilt} from './build.ts';
import type {Case} from './cases/case.ts';
import {cases} from './cases/index.ts';
import type {CaseResult, Report} from './report.ts';
import {renderTable, withReport, withSummary} from './report.ts';
import {check, renderVerdict} from './targets.ts';

/**
 * Compares the built package with other clients, in one run on one machine.
 *
 * @module
 */

/** The page that a whole run writes, and the page that shows a dozen lines of it. */
const reportFile = fileURLToPath(new URL('./README.md', import.meta.url));
const summaryFile = fileURLToPath(new URL('../../README.md', import.meta.url));

const usage = `Usage: npm run bench -- [options]

  --case NAME   runs this case alone; repeat the option or separate names by commas for several
  --peer NAME   the same for clients
  --rounds N    rounds of each case (default: ${fullSettings.rounds}, and ${fullSettings.longRounds} for cases that take long)
  --quick       measures for a shorter time and with smaller bodies; the figures are rough
  --json        prints the report as JSON instead of tables
  --check       prints which targets hold, and exits with 1 when a target is missed
  --markdown    writes the figures of a whole run into test/bench/README.md, and the short table into README.md

Cases: ${cases.map(({name}) => name).join(', ')}
`;

class UsageError extends Error {}

interface Options {
  readonly cases: readonly Case[];
  readonly peers: ReadonlySet<string> | undefined;
  readonly rounds: number | undefined;
  readonly quick: boolean;
  readonly json: boolean;
  /** Whether the pages are written. */
  readonly writes: boolean;
  readonly check: boolean;
}

function namesOf(values: readonly string[] | undefined): string[] | undefined {
  return values?.flatMap((value) => value.split(',').map((name) => name.trim()));
}

function readOptions(args: readonly string[]): Options | undefined {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new UsageError((error as Error).message, {cause: error});
  }
  if (values.help) return undefined;
  const names = namesOf(values.case);
  const unknown = names?.find((name) => !cases.some((candidate) => candidate.name === name));
  if (unknown !== undefined) throw new UsageError(`There is no case named ${JSON.stringify(unknown)}`);
  const peers = namesOf(values.peer);
  const stranger = peers?.find((name) => !isPeer(name));
  if (stranger !== undefined) throw new UsageError(`There is no client named ${JSON.stringify(stranger)}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new UsageError(`--rounds is ${JSON.stringify(values.rounds)}; it must be a whole number from 1`);
  }
  if (values.markdown && (names || peers || values.quick)) {
    throw new UsageError('--markdown writes a whole run: leave out --case, --peer and --quick');
  }
  return {
    cases: names ? cases.filter(({name}) => names.includes(name)) : cases,
    peers: peers && new Set(peers),
    rounds,
    quick: values.quick,
    json: values.json,
    writes: values.markdown,
    check: values.check,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      case: {type: 'string', multiple: true},
      peer: {type: 'string', multiple: true},
      rounds: {type: 'string'},
      quick: {type: 'boolean', default: false},
      json: {type: 'boolean', default: false},
      check: {type: 'boolean', default: false},
      markdown: {type: 'boolean', default: false},
      help: {type: 'boolean', short: 'h', default: false},
    },
  }).values;
}

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

/** Writes both pages. They are read at this moment, because somebody may have edited them during the run. */
function writePages(report: Report): void {
  for (const [file, update] of [
    [reportFile, withReport],
    [summaryFile, withSummary],
  ] as const) {
    try {
      writeFileSync(file, update(readFileSync(file, 'utf8'), report));
    } catch (error) {
      throw new Error(`${file}: ${(error as Error).message}`, {cause: error});
    }
  }
}

async function run(options: Options): Promise<void> {
  const base = options.quick ? quickSettings : fullSettings;
  const {rounds} = options;
  const settings = rounds === undefined ? base : {...base, rounds, longRounds: rounds};
  const bench = await Bench.start(settings, options.peers, showProgress);
  const results: CaseResult[] = [];
  try {
    for (const current of options.cases) {
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
  if (options.writes) writePages(report);
  if (verdicts.some(({outcome}) => outcome === 'missed')) process.exitCode = 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    console.log(usage);
  } else {
    ensureBuilt({declarations: options.cases.some(({name}) => name === 'types')});
    await run(options);
  }
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(
    `${(error as Error).message}\n${isUsage ? '`npm run bench -- --help` lists the options, cases and clients.\n' : ''}`,
  );
  process.exitCode = isUsage ? 2 : 1;
}
