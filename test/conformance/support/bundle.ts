import {resolve} from 'node:path';
import {build} from 'esbuild';

const bundles = new Map<string, Promise<string>>();

/**
 * Bundles an entry with everything that it imports into one module; once for all runtimes that need the same one.
 *
 * @param entry - A file of the folder of entries, or an absolute path
 */
export function bundleEntry(entry: string, conditions: readonly string[]): Promise<string> {
  const key = [entry, ...conditions].join(' ');
  const bundle = bundles.get(key) ?? buildEntry(entry, conditions);
  bundles.set(key, bundle);
  return bundle;
}

async function buildEntry(entry: string, conditions: readonly string[]): Promise<string> {
  const {outputFiles} = await build({
    entryPoints: [resolve(import.meta.dirname, '../entries', entry)],
    bundle: true,
    format: 'esm',
    target: 'es2023',
    conditions: ['@aiofetch/source', ...conditions],
    // On the platforms `browser` and `node`, esbuild adds conditions of these names; on `neutral` it adds none.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    sourcemap: 'inline',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
