import {readFile, writeFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {MissingYamlError, OpenApiError} from './document.ts';
import {fromOpenApi} from './index.ts';
import {MissingUpgraderError} from './swagger.ts';

/** The output of a command. */
export interface Terminal {
  /** Writes a result. */
  out(text: string): void;
  /** Writes a warning or an error. */
  log(text: string): void;
}

const help = `Usage: aiofetch openapi <document> [options]

Writes a typed client of an OpenAPI document, 3.0 or later, or Swagger 2.0, in JSON or YAML.

  <document>           a file, or an http: or https: URL
  -o, --output <file>  the file to write (default: the standard output)
      --check          write nothing, and fail if the file is not up to date (for CI)
      --strict         fail if parts of the document are left out or changed, rather than warn
      --quiet          print no warnings about parts of the document that are left out
      --allow-local-references
                       let a document from a URL refer to files of this machine, and to addresses of its networks
      --allow-external-references
                       let a document refer to files outside of its directory, to URLs, and to other origins
  -h, --help           print this help
`;

/** Exit codes: 0 for success; 1 for a failure, or a file that is not up to date; 2 for invalid arguments. */
type ExitCode = 0 | 1 | 2;

/** `aiofetch openapi …` */
export async function openapiCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    terminal.log(`${(error as Error).message}\n\n${help}`);
    return 2;
  }
  const {values, positionals} = parsed;
  if (values.help) {
    terminal.out(help);
    return 0;
  }
  const [source, ...more] = positionals;
  if (source === undefined || more.length > 0 || (values.check && values.output === undefined)) {
    terminal.log(values.check ? `--check needs a file to check: name it with --output\n\n${help}` : help);
    return 2;
  }
  try {
    return await run(source, values, terminal);
  } catch (error) {
    // The message of an OpenApiError tells what is wrong with the document. Other errors are bugs, which need a stack.
    const text = error instanceof OpenApiError ? oneLine(describe(error)) : `${(error as Error).stack}`;
    terminal.log(`${printable(text)}\n`);
    return 1;
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      output: {type: 'string', short: 'o'},
      check: {type: 'boolean', default: false},
      quiet: {type: 'boolean', default: false},
      strict: {type: 'boolean', default: false},
      'allow-local-references': {type: 'boolean', default: false},
      'allow-external-references': {type: 'boolean', default: false},
      help: {type: 'boolean', short: 'h', default: false},
    },
  });
}

interface Options {
  readonly output?: string | undefined;
  readonly check: boolean;
  readonly quiet: boolean;
  readonly strict: boolean;
  readonly 'allow-local-references': boolean;
  readonly 'allow-external-references': boolean;
}

async function run(source: string, options: Options, terminal: Terminal): Promise<ExitCode> {
  const {output, check, quiet, strict} = options;
  const {code, warnings} = await fromOpenApi(source, {
    allowLocalReferences: options['allow-local-references'],
    allowExternalReferences: options['allow-external-references'],
  });
  if (strict && warnings.length > 0) {
    // One line for each, where the message of an error would have all of them in one.
    for (const warning of warnings) terminal.log(`${printable(warning)}\n`);
    terminal.log(`--strict forbids to leave out or change parts of the document: ${warnings.length}\n`);
    return 1;
  }
  if (!quiet) for (const warning of warnings) terminal.log(`${printable(warning)}\n`);
  if (output === undefined) {
    terminal.out(code);
    return 0;
  }
  const before = await readIfThere(output);
  if (check) {
    if (before === code) return 0;
    terminal.log(
      before === undefined
        ? `${output} does not exist: run the command without --check\n`
        : `${output} is not up to date: run the command without --check\n`,
    );
    return 1;
  }
  // A file that stays the same keeps its modification time, so that build tools don't build again.
  if (before !== code) await write(output, code);
  return 0;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OpenApiError(`Can't read ${file}`, {cause: error});
  }
}

async function write(file: string, code: string): Promise<void> {
  try {
    await writeFile(file, code);
  } catch (cause) {
    throw new OpenApiError(`Can't write ${file}`, {cause});
  }
}

function describe(error: OpenApiError): string {
  const {cause} = error;
  // The cause of these lists the directories that Node searched. The user needs the install command only.
  return cause instanceof Error &&
    !(error instanceof MissingYamlError || error instanceof MissingUpgraderError)
    ? `${error.message}: ${cause.message}`
    : error.message;
}

/** The first line of a text, which says what is wrong. Errors of YAML show the text of the document behind it. */
function oneLine(text: string): string {
  return text.trim().replace(/(?:,? at line \d+, column \d+)?:?\s*\n[\s\S]*$/, '');
}

/**
 * Text of a document without control characters, which a terminal would take for commands, and without characters that change
 * the direction of text. Line breaks and tabs stay.
 */
function printable(text: string): string {
  return text.replaceAll(
    /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`,
  );
}
