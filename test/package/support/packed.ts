import {exec, execFile} from 'node:child_process';
import {cp, mkdir, readdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';

/** The packed package, and projects in which it is installed. */
export interface Packed {
  /** The paths in the tarball, without their first segment. */
  readonly files: readonly string[];
  /** A project in which only the tarball, its dependencies and its peers are installed. */
  readonly project: string;
  /** A project that also has `@types/node`. */
  readonly nodeProject: string;
  /** A project without the optional peers. */
  readonly bareProject: string;
}

const root = join(import.meta.dirname, '../../../');
const run = promisify(execFile);
// Other tests write and remove `test/docs/.snippets` and `test/openapi/.generated` at the same time.
const skipped = /^(?:\.git|node_modules|dist|test[\\/]\w+[\\/]\..*)$/;

/**
 * Packs a copy of the checkout, so that the checkout's own `dist` stays as it is, and installs the tarball without a
 * registry. Only the dependencies that package.json declares are copied from the checkout: an import of anything else fails.
 */
export async function packAndInstall(folder: string): Promise<Packed> {
  const copy = join(folder, 'checkout');
  await cp(root, copy, {recursive: true, filter: (path) => !skipped.test(path.slice(root.length))});
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  // A shell, since npm is a .cmd file on Windows.
  const {stdout} = await promisify(exec)('npm pack --json --foreground-scripts=false', {cwd: copy});
  const [{filename, files}] = JSON.parse(stdout) as [{filename: string; files: Array<{path: string}>}];
  await run('tar', ['-xzf', join(copy, filename), '-C', folder]);

  const installed = join(folder, 'package');
  const project = join(folder, 'project');
  const nodeProject = join(folder, 'node-project');
  const bareProject = join(folder, 'bare-project');
  const {peerDependencies} = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    peerDependencies?: Record<string, string>;
  };
  const peers = Object.keys(peerDependencies ?? {});
  await createProject(project, installed, peers);
  await createProject(nodeProject, installed, [...peers, '@types/node']);
  await createProject(bareProject, installed, []);
  return {files: files.map(({path}) => path), project, nodeProject, bareProject};
}

/** @param others - Packages that are installed beside aiofetch. */
async function createProject(folder: string, installed: string, others: readonly string[]): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(modules, {recursive: true});
  await writeFile(join(folder, 'package.json'), JSON.stringify({private: true, type: 'module'}));
  await cp(installed, join(modules, 'aiofetch'), {recursive: true});
  await copyDependencies(installed, join(root, 'package.json'), modules);
  for (const name of others) await copyPackage(name, join(root, 'package.json'), modules);
  const consumer = join(root, 'test/package/consumer');
  for (const file of await readdir(consumer)) await cp(join(consumer, file), join(folder, file));
}

async function copyDependencies(folder: string, importer: string, modules: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const name of Object.keys(manifest.dependencies ?? {})) await copyPackage(name, importer, modules);
}

// Flat, as npm installs packages of which one version is enough.
async function copyPackage(name: string, importer: string, modules: string): Promise<void> {
  const source = locate(name, importer);
  await cp(source, join(modules, name), {recursive: true});
  await copyDependencies(source, join(source, 'package.json'), modules);
}

// Not every package exports its package.json.
function locate(name: string, importer: string): string {
  const paths = createRequire(importer).resolve.paths(name) ?? [];
  for (const path of paths) {
    try {
      return dirname(createRequire(importer).resolve(join(path, name, 'package.json')));
    } catch {
      // The package is in a folder further up.
    }
  }
  throw new Error(`${name} is not installed`);
}
