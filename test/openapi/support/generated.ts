import {execFile} from 'node:child_process';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import {onTestFinished} from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
let count = 0;

/** Writes files into a folder inside the package, where `aiofetch` is this package. The test removes the folder. */
export async function writeGenerated(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(root, 'test/openapi/.generated', `${process.pid}-${count++}`);
  await mkdir(folder, {recursive: true});
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** Imports a generated module. */
export async function importGenerated<Module>(folder: string, name: string): Promise<Module> {
  return (await import(pathToFileURL(join(folder, name)).href)) as Module;
}

/** The compiler's messages for files of a folder under the strictest rules; `''` if there are none. */
export async function typeCheck(folder: string, files: readonly string[]): Promise<string> {
  const config = {
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noUnusedLocals: true,
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2023',
      lib: ['ESNext', 'DOM', 'DOM.AsyncIterable'],
      types: [],
      allowImportingTsExtensions: true,
      customConditions: ['@aiofetch/source'],
      skipLibCheck: true,
    },
    files,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(root, 'node_modules/typescript-native/bin/tsc');
  try {
    await run(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {maxBuffer: 1e8});
    return '';
  } catch (error) {
    return (error as {stdout?: string}).stdout || String(error);
  }
}
