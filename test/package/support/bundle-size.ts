import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a program weighs in a browser, and where its bytes come from. */
export interface BundleSize {
  /** Bytes of the minified bundle after gzip. */
  readonly gzip: number;
  /** Minified bytes of each package, before gzip. */
  readonly packages: ReadonlyMap<string, number>;
  /** Imports that a browser can't resolve. */
  readonly foreign: readonly string[];
}

/** Bundles a program for browsers as esbuild does it, with the packages as they would be published. */
export async function bundleSize(code: string): Promise<BundleSize> {
  const {metafile, outputFiles} = await build({
    stdin: {contents: code, resolveDir: root, loader: 'ts'},
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    // Report an import that a browser can't resolve below rather than as esbuild's error.
    external: ['node:*', 'undici'],
    // The chunks of the build import each other without names to keep an order that nothing here depends on.
    logOverride: {'ignored-bare-import': 'silent'},
    metafile: true,
    write: false,
  });
  const packages = new Map<string, number>();
  const foreign: string[] = [];
  for (const {imports, inputs} of Object.values(metafile.outputs)) {
    foreign.push(...imports.map(({path}) => path));
    for (const [path, {bytesInOutput}] of Object.entries(inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'aiofetch';
      packages.set(name, (packages.get(name) ?? 0) + bytesInOutput);
    }
  }
  const gzip = gzipSync(outputFiles[0]?.contents ?? '', {level: 9}).length;
  return {gzip, packages, foreign};
}
