import {join} from 'node:path';
import ts from 'typescript';
import {describe, expect, it} from 'vitest';
import {manyEndpoints} from '../../support/many-endpoints.ts';
import {root} from '../../support/snippets.ts';

interface Cost {
  readonly instantiations: number;
  readonly errors: readonly string[];
}

const file = join(root, 'test/unit/client/many.ts');
/** Parsed once for all programs: the libraries of the DOM alone take longer to parse than everything else. */
const sourceFiles = new Map<string, ts.SourceFile | undefined>();

/** Compiles a module that lies beside the sources, and counts what that costs. */
function compile(text: string): Cost {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'test/tsconfig.json'),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined,
    },
  );
  const options = {...config?.options, types: [], noLib: false};
  const host = ts.createCompilerHost(options);
  const {readFile, fileExists} = host;
  host.readFile = (name) => (name === file ? text : readFile(name));
  host.fileExists = (name) => name === file || fileExists(name);
  const {getSourceFile} = host;
  host.getSourceFile = (name, languageVersion, ...rest) => {
    if (name === file) return ts.createSourceFile(name, text, languageVersion);
    if (!sourceFiles.has(name))
      sourceFiles.set(name, getSourceFile.call(host, name, languageVersion, ...rest));
    return sourceFiles.get(name);
  };
  const program = ts.createProgram([file], options, host);
  const errors = program
    .getSemanticDiagnostics(program.getSourceFile(file))
    .map(({messageText}) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  return {instantiations: program.getInstantiationCount(), errors};
}

describe('the cost of a client of many endpoints for the compiler', () => {
  // Counted rather than timed: the same on every machine.
  it('the declaration of an endpoint costs the compiler little', () => {
    const [few, many] = [50, 250].map((count) => compile(manyEndpoints(count, 0))) as [Cost, Cost];
    expect([few.errors, many.errors]).toEqual([[], []]);
    expect((many.instantiations - few.instantiations) / 200).toBeLessThan(150);
  });

  it('a call of an endpoint costs the compiler little', () => {
    const [none, some] = [0, 40].map((calls) => compile(manyEndpoints(40, calls))) as [Cost, Cost];
    expect(some.errors).toEqual([]);
    const wrong = compile(`${manyEndpoints(1)}\nclient.group0.resource0({path: {org: 'a'}});`);
    expect(wrong.errors).toEqual([
      expect.stringContaining("Property 'id' is missing in type '{ org: string; }'"),
    ]);
    expect((some.instantiations - none.instantiations) / 40).toBeLessThan(400);
  });
});
