// `node compile-all.ts COMPILER TSCONFIG...` compiles several projects with one package of TypeScript, and prints the diagnostics
// of each as a list in JSON. One process loads the compiler and parses the libraries once, which takes most of the time.
import {createRequire} from 'node:module';
import type ts from 'typescript';

const [compiler = '', ...configs] = process.argv.slice(2);
const {
  createCompilerHost,
  createProgram,
  flattenDiagnosticMessageText,
  getParsedCommandLineOfConfigFile,
  sys,
} = createRequire(import.meta.url)(compiler) as typeof ts;

const libraries = new Map<string, ts.SourceFile | undefined>();

function compile(config: string): string {
  const parsed = getParsedCommandLineOfConfigFile(
    config,
    {},
    {
      ...sys,
      onUnRecoverableConfigFileDiagnostic({messageText}) {
        throw new Error(flattenDiagnosticMessageText(messageText, '\n'));
      },
    },
  ) as ts.ParsedCommandLine;
  const host = createCompilerHost(parsed.options);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    if (!/[\\/]lib\.[\w.]+\.d\.ts$/.test(name)) return getSourceFile(name, ...rest);
    if (!libraries.has(name)) libraries.set(name, getSourceFile(name, ...rest));
    return libraries.get(name);
  };
  const program = createProgram(parsed.fileNames, parsed.options, host);
  // The declarations of other packages are theirs to check, and take longer than ours.
  const files = program
    .getSourceFiles()
    .filter(({fileName}) => !/node_modules[\\/](?!aiofetch[\\/])/.test(fileName));
  const diagnostics = [
    ...parsed.errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  return diagnostics.map(textOf).join('\n');
}

function textOf({file, start = 0, messageText}: ts.Diagnostic): string {
  const message = flattenDiagnosticMessageText(messageText, '\n');
  if (!file) return message;
  const {line, character} = file.getLineAndCharacterOfPosition(start);
  return `${file.fileName}:${line + 1}:${character + 1}: ${message}`;
}

console.log(JSON.stringify(configs.map(compile)));
