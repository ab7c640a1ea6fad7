import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import type {Plugin, Rolldown} from 'vite';
import {build} from 'vite';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = '\0program';

/** What a program weighs in a browser, and where its bytes come from. */
export interface BundleSize {
  /** Bytes of the minified bundle after gzip. */
  readonly gzip: number;
  /** Bytes of each part before they are minified: of packages, or of the source files of this package. */
  readonly parts: ReadonlyMap<string, number>;
  /** Imports that a browser can't resolve. */
  readonly foreign: readonly string[];
}

/**
 * Bundles a program for browsers as Vite does it, with the packages as they would be published.
 *
 * @param modules - the code of modules that the program can import, by their specifiers
 * @param conditions - `@aiofetch/source` bundles the source files of this package rather than its build
 */
export async function bundleSize(
  code: string,
  modules: Readonly<Record<string, string>> = {},
  conditions: readonly string[] = [],
): Promise<BundleSize> {
  const sources: Readonly<Record<string, string>> = {...modules, [program]: code};
  const virtual: Plugin = {
    name: 'virtual',
    enforce: 'pre',
    async resolveId(id, importer) {
      if (Object.hasOwn(sources, id)) return {id: `\0${id}`, moduleSideEffects: id === program};
      // The program stands in the root of the package, which it imports by its name.
      return importer?.startsWith('\0') ? await this.resolve(id, `${root}program.js`) : undefined;
    },
    load: (id) => sources[id.slice(1)],
  };
  const {output} = (await build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [virtual],
    resolve: {conditions: [...conditions, 'module', 'browser', 'production']},
    build: {
      write: false,
      target: 'es2023',
      minify: true,
      modulePreload: false,
      rolldownOptions: {
        input: program,
        preserveEntrySignatures: 'strict',
        // Report an import that a browser can't resolve below rather than as Vite's error.
        external: [/^node:/, 'undici'],
      },
    },
  })) as Rolldown.RolldownOutput;
  const parts = new Map<string, number>();
  const foreign: string[] = [];
  let gzip = 0;
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue;
    gzip += gzipSync(chunk.code, {level: 9}).length;
    foreign.push(
      ...[...chunk.imports, ...chunk.dynamicImports].filter((path) => /^node:|^undici$/.test(path)),
    );
    for (const [path, {renderedLength}] of Object.entries(chunk.modules)) {
      const name = partOf(path.replace(root, ''));
      parts.set(name, (parts.get(name) ?? 0) + renderedLength);
    }
  }
  return {gzip, parts, foreign};
}

function partOf(path: string): string {
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  return name ?? (path.startsWith('src/') ? path : 'aiofetch');
}
