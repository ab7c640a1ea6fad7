import {readFileSync, writeFileSync} from 'node:fs';
import {cpus, release} from 'node:os';
import {parseArgs} from 'node:util';
import {Bench, fullSettings, isPeer, quickSettings} from './bench.ts';
import {ensureBuilt} from './build.ts';
import type {Case} from './cases/case.ts';
import {cases} from './cases/index.ts';
import type {CaseResult, Report} from './report.ts';
import {renderTable, replaceBetweenMarkers, withReport} from './report.ts';
import {check, renderVerdict} from './targets.ts';

/**
 * Compares the built package with other clients, in one run on one machine.
 *
 * @module
 */

const usage = `Usage: npm run bench -- [options]

  --case NAME      one case; may be given more than once, or several apart by commas
  --peer NAME      the same for clients
  --rounds N       rounds of each case (default: ${fullSettings.rounds}, and ${fullSettings.longRounds} of those that take long)
  --quick          shorter, smaller, rougher
  --json           the report as JSON instead of tables
  --markdown FILE  the report as Markdown, too, between the markers of FILE; what was not run stays
  --check          says which targets hold; exits with 1 when one is missed

Cases: ${cases.map(({name}) => name).join(', ')}
`;

class UsageError extends Error {}

interface Options {
  readonly cases: readonly Case[];
  readonly peers: ReadonlySet<string> | undefined;
  readonly rounds: number | undefined;
  readonly quick: boolean;
  readonly json: boolean;
  readonly markdown: string | undefined;
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
  if (unknown !== undefined) throw new UsageError(`There is no case ${JSON.stringify(unknown)}`);
  const peers = namesOf(values.peer);
  const stranger = peers?.find((name) => !isPeer(name));
  if (stranger !== undefined) throw new UsageError(`There is no client ${JSON.stringify(stranger)}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new UsageError(`--rounds is ${JSON.stringify(values.rounds)}, and not a whole number from 1`);
  }
  return {
    cases: names ? cases.filter(({name}) => names.includes(name)) : cases,
    peers: peers && new Set(peers),
    rounds,
    quick: values.quick,
    json: values.json,
    markdown: values.markdown,
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
      markdown: {type: 'string'},
      check: {type: 'boolean', default: false},
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

/** One line that is written over, and only where somebody looks on. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

function checkMarkers(file: string, sections: Iterable<string | undefined>): void {
  const text = readFileSync(file, 'utf8');
  try {
    for (const section of sections) replaceBetweenMarkers(text, '', section);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, {cause: error});
  }
}

// Read anew: it may have been edited meanwhile.
function writeReport(file: string, report: Report): void {
  writeFileSync(file, withReport(readFileSync(file, 'utf8'), report));
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
  if (options.markdown !== undefined) writeReport(options.markdown, report);
  if (verdicts.some(({outcome}) => outcome === 'missed')) process.exitCode = 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    console.log(usage);
  } else {
    // Known before minutes are spent: there is such a file, and it has a place for the report.
    if (options.markdown !== undefined) {
      checkMarkers(options.markdown, new Set(options.cases.map(({section}) => section)));
    }
    ensureBuilt();
    await run(options);
  }
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(
    `${(error as Error).message}\n${isUsage ? 'npm run bench -- --help lists what there is\n' : ''}`,
  );
  process.exitCode = isUsage ? 2 : 1;
}
