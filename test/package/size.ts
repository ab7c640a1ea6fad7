import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';

// Nothing may make the core grow unnoticed. Of this, ky is about 8_500 and p-retry 1_200; the rest is sessions, verbs,
// retries, rate limits with their stores, auth, errors, the connector with its queue, and gather. No module of them has
// more than 2_200, and all that these need not have, as the other policies, streams and clients, is left out by bundlers.
const limit = 33_400;

const {metafile, outputFiles} = await build({
  stdin: {
    contents: "export {createSession, gather} from './dist/index.js'",
    resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
  },
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  // An import that a browser can't resolve shows in the list below, rather than as esbuild's error.
  external: ['node:*', 'undici'],
  // The bundler's chunks import each other for their order, which is nobody's here.
  logOverride: {'ignored-bare-import': 'silent'},
  metafile: true,
  write: false,
});

const [bundle] = outputFiles;
const size = gzipSync(bundle?.contents ?? '', {level: 9}).length;

const bytes = new Map<string, number>();
for (const output of Object.values(metafile.outputs)) {
  for (const [path, {bytesInOutput}] of Object.entries(output.inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'aiofetch';
    bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
  }
}
for (const [name, count] of [...bytes].sort((a, b) => b[1] - a[1])) {
  console.log(`${String(count).padStart(7)} B minified  ${name}`);
}
console.log(`${String(size).padStart(7)} B gzip of ${limit}: createSession + gather for browsers`);

const foreign = [
  ...Object.values(metafile.outputs).flatMap((output) => output.imports.map((entry) => entry.path)),
  ...[...bytes.keys()].filter((name) => name === 'undici'),
];
if (foreign.length > 0) throw new Error(`The browser bundle reaches for ${foreign.join(', ')}`);
if (size > limit) throw new Error(`The browser bundle is ${size - limit} B over its limit`);
