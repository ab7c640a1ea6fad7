import {join} from 'node:path';
import ts from 'typescript';
import {describe, expect, it} from 'vitest';
import {manyEndpoints} from '../../support/many-endpoints.ts';
import {root} from '../../support/snippets.ts';

interface Cost {
  readonly instantiations: number;
  readonly errors: readonly string[];
}

/** What the compiler makes of a module beside the sources. */
function compile(text: string): Cost {
  const file = join(root, 'test/unit/client/many.ts');
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
  host.getSourceFile = (name, languageVersion, ...rest) =>
    name === file
      ? ts.createSourceFile(name, text, languageVersion)
      : getSourceFile.call(host, name, languageVersion, ...rest);
  const program = ts.createProgram([file], options, host);
  const errors = program
    .getSemanticDiagnostics(program.getSourceFile(file))
    .map(({messageText}) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  return {instantiations: program.getInstantiationCount(), errors};
}

describe('what a client of many endpoints costs the compiler', () => {
  // Counted rather than timed: the same on every machine.
  it('is small for each of them', () => {
    const [few, many] = [50, 250].map((count) => compile(manyEndpoints(count, 0))) as [Cost, Cost];
    expect([few.errors, many.errors]).toEqual([[], []]);
    expect((many.instantiations - few.instantiations) / 200).toBeLessThan(150);
  });

  it('is small for each call', () => {
    const [none, some] = [0, 40].map((calls) => compile(manyEndpoints(40, calls))) as [Cost, Cost];
    expect(some.errors).toEqual([]);
    const wrong = compile(`${manyEndpoints(1)}\nclient.group0.resource0({path: {org: 'a'}});`);
    expect(wrong.errors).toEqual([
      expect.stringContaining("Property 'id' is missing in type '{ org: string; }'"),
    ]);
    expect((some.instantiations - none.instantiations) / 40).toBeLessThan(400);
  });
});
