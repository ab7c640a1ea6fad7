import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import type {Plugin} from 'esbuild';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a program weighs in a browser, and where its bytes come from. */
export interface BundleSize {
  /** Bytes of the minified bundle after gzip. */
  readonly gzip: number;
  /** Minified bytes of each part, before gzip: of packages, or of the source files of this package. */
  readonly parts: ReadonlyMap<string, number>;
  /** Imports that a browser can't resolve. */
  readonly foreign: readonly string[];
}

/**
 * Bundles a program for browsers as esbuild does it, with the packages as they would be published.
 *
 * @param modules - the code of modules that the program can import, by their specifiers
 * @param conditions - `@aiofetch/source` bundles the source files of this package rather than its build
 */
export async function bundleSize(
  code: string,
  modules: Readonly<Record<string, string>> = {},
  conditions: readonly string[] = [],
): Promise<BundleSize> {
  const virtual: Plugin = {
    name: 'virtual',
    setup({onResolve, onLoad}) {
      onResolve({filter: /^\./}, ({path}) =>
        Object.hasOwn(modules, path) ? {path, namespace: 'virtual'} : undefined,
      );
      onLoad({filter: /^/, namespace: 'virtual'}, ({path}) => ({
        contents: modules[path] ?? '',
        resolveDir: root,
        loader: 'ts',
      }));
    },
  };
  const {metafile, outputFiles} = await build({
    stdin: {contents: code, resolveDir: root, loader: 'ts'},
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    conditions: [...conditions],
    target: 'es2023',
    // Report an import that a browser can't resolve below rather than as esbuild's error.
    external: ['node:*', 'undici'],
    // The chunks of the build import each other without names to keep an order that nothing here depends on.
    logOverride: {'ignored-bare-import': 'silent'},
    metafile: true,
    // The paths of the metafile are relative to it.
    absWorkingDir: root,
    write: false,
    plugins: [virtual],
  });
  const parts = new Map<string, number>();
  const foreign: string[] = [];
  for (const {imports, inputs} of Object.values(metafile.outputs)) {
    foreign.push(...imports.map(({path}) => path));
    for (const [path, {bytesInOutput}] of Object.entries(inputs)) {
      const name = partOf(path);
      parts.set(name, (parts.get(name) ?? 0) + bytesInOutput);
    }
  }
  const gzip = gzipSync(outputFiles[0]?.contents ?? '', {level: 9}).length;
  return {gzip, parts, foreign};
}

function partOf(path: string): string {
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  return name ?? (path.startsWith('src/') ? path : 'aiofetch');
}
