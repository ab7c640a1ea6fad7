import {join} from 'node:path';
import {build} from 'esbuild';

/** An entry with all it imports, as one module. */
export async function bundleEntry(
  entry: string,
  conditions: readonly string[],
  external: readonly string[] = [],
): Promise<string> {
  const {outputFiles} = await build({
    entryPoints: [join(import.meta.dirname, '../entries', entry)],
    bundle: true,
    format: 'esm',
    target: 'es2023',
    conditions: ['@aiofetch/source', ...conditions],
    // esbuild has `browser` or `node` among its conditions for the platforms of these names, but not for this one.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: [...external],
    sourcemap: 'inline',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
