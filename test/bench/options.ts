import {parseArgs} from 'node:util';
import {operations} from './against/operations.ts';
import {againstTimes} from './against/run-against.ts';
import {fullSettings, isPeer} from './bench.ts';
import {cases} from './cases/index.ts';
import {runtimeTimes} from './runtimes/run-runtimes.ts';
import {benchRuntimes} from './runtimes/runtimes.ts';

const usage = `Usage: npm run bench -- [options]

Compares the built package with other clients.
  --case NAME     runs this case alone; repeat the option or separate names by commas for several
  --peer NAME     the same for clients
  --rounds N      rounds of each case (default: ${fullSettings.rounds}, and ${fullSettings.longRounds} for cases that take long)
  --quick         measures for a shorter time and with smaller bodies; the figures are rough
  --json          prints the report as JSON instead of tables
  --check         prints which targets hold, and exits with 1 when a target is missed
  --markdown      writes the figures of a whole run into test/bench/README.md, and the short table into README.md

Cases: ${cases.map(({name}) => name).join(', ')}

       npm run bench -- --against REF [options]

Compares this tree with another state of it, a branch or a commit: both are built and take turns in one process, in about
two minutes. Its table is for the message of a change.
  --case NAME     as above, one of: ${operations.map(({name}) => name).join(', ')}
  --rounds N      rounds of each case (default: ${againstTimes.full.rounds})
  --requests N    requests of each build in a round (default: as many as take ${againstTimes.full.turn} ms)
  --quick         takes about half a minute
  --json          prints the report as JSON instead of the table

       npm run bench -- --runtimes [options] [part of a name ...]

Compares session.fetch with the runtime's own fetch, in one process of each runtime, in about four minutes.
  --rounds N      rounds of each kind of request (default: ${runtimeTimes.full.rounds})
  --quick         takes about a minute
  --json          prints the report as JSON instead of tables
  --markdown      writes the tables of all runtimes into test/bench/README.md

Runtimes: ${benchRuntimes.map(({name}) => name).join('; ')}
`;

/** An option that doesn't fit. */
export class UsageError extends Error {}

interface CommonOptions {
  /** The names of the cases; `undefined` for all. */
  readonly cases: readonly string[] | undefined;
  readonly rounds: number | undefined;
  readonly quick: boolean;
  readonly json: boolean;
}

/** A comparison with other clients. */
export interface PeersOptions extends CommonOptions {
  readonly mode: 'peers';
  readonly peers: ReadonlySet<string> | undefined;
  /** Whether the pages are written. */
  readonly markdown: boolean;
  readonly check: boolean;
}

/** A comparison with another state of this tree. */
export interface AgainstOptions extends CommonOptions {
  readonly mode: 'against';
  readonly ref: string;
  readonly requests: number | undefined;
}

/** A comparison with the `fetch` of each runtime. */
export interface RuntimesOptions extends Omit<CommonOptions, 'cases'> {
  readonly mode: 'runtimes';
  /** The names of the runtimes; `undefined` for all. */
  readonly runtimes: readonly string[] | undefined;
  readonly markdown: boolean;
}

export type Options =
  | PeersOptions
  | AgainstOptions
  | RuntimesOptions
  | {readonly mode: 'help'; readonly usage: string};

/**
 * Reads the arguments of `npm run bench`.
 *
 * @throws {@link UsageError} when an option is unknown, has a wrong value or doesn't fit the others
 */
export function readOptions(args: readonly string[]): Options {
  const {values, positionals} = parse(args);
  if (values.help) return {mode: 'help', usage};
  const {quick, json, markdown, check, against} = values;
  const names = namesOf(values.case);
  const rounds = wholeNumber('rounds', values.rounds);
  const requests = wholeNumber('requests', values.requests);
  const common = {cases: names, rounds, quick, json};
  if (values.runtimes) {
    refuse('--runtimes', {against, case: names, peer: values.peer, requests, check});
    return {
      mode: 'runtimes',
      runtimes: runtimesOf(positionals, markdown, quick),
      rounds,
      quick,
      json,
      markdown,
    };
  }
  if (positionals.length > 0) throw new UsageError(`${JSON.stringify(positionals[0])} is not an option`);
  if (against !== undefined) {
    refuse('--against', {peer: values.peer, markdown, check});
    checkNames('case', names, (name) => operations.some((operation) => operation.name === name));
    return {mode: 'against', ref: against, requests, ...common};
  }
  refuse('a comparison with other clients', {requests});
  checkNames('case', names, (name) => cases.some((candidate) => candidate.name === name));
  const peers = namesOf(values.peer);
  checkNames('client', peers, isPeer);
  if (markdown && (names || peers || quick)) {
    throw new UsageError('--markdown writes a whole run: leave out --case, --peer and --quick');
  }
  return {mode: 'peers', peers: peers && new Set(peers), markdown, check, ...common};
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        against: {type: 'string'},
        runtimes: {type: 'boolean', default: false},
        case: {type: 'string', multiple: true},
        peer: {type: 'string', multiple: true},
        rounds: {type: 'string'},
        requests: {type: 'string'},
        quick: {type: 'boolean', default: false},
        json: {type: 'boolean', default: false},
        check: {type: 'boolean', default: false},
        markdown: {type: 'boolean', default: false},
        help: {type: 'boolean', short: 'h', default: false},
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, {cause: error});
  }
}

/** The runtimes whose names have one of these parts. */
function runtimesOf(parts: readonly string[], markdown: boolean, quick: boolean): string[] | undefined {
  if (markdown && (quick || parts.length > 0)) {
    throw new UsageError('--markdown writes a whole run: leave out --quick and the names of runtimes');
  }
  if (parts.length === 0) return undefined;
  const matching = (part: string) =>
    benchRuntimes.map(({name}) => name).filter((name) => name.toLowerCase().includes(part.toLowerCase()));
  checkNames('runtime', parts, (part) => matching(part).length > 0);
  return parts.flatMap(matching);
}

/** Names that are separated by commas, unless a value is the name of a client, which may have commas of its own. */
function namesOf(values: readonly string[] | undefined): string[] | undefined {
  return values?.flatMap((value) => (isPeer(value) ? [value] : value.split(',').map((name) => name.trim())));
}

function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new UsageError(`--${name} is ${JSON.stringify(value)}; it must be a whole number from 1`);
}

function checkNames(kind: string, names: readonly string[] | undefined, isKnown: (name: string) => boolean) {
  const unknown = names?.find((name) => !isKnown(name));
  if (unknown !== undefined) throw new UsageError(`There is no ${kind} named ${JSON.stringify(unknown)}`);
}

/** Refuses options that have no effect, rather than to ignore them. */
function refuse(mode: string, given: Readonly<Record<string, unknown>>): void {
  const [name] = Object.entries(given).find(([, value]) => value) ?? [];
  if (name !== undefined) throw new UsageError(`--${name} has no effect on ${mode}`);
}
