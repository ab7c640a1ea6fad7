import {spawnSync} from 'node:child_process';
import {rmSync} from 'node:fs';
import {defineConfig} from 'tsup';

// The native compiler writes a declaration of each source, and tsup only bundles them. That takes a tenth of the time that tsup
// takes when it compiles the sources itself.
const declarations = '.declarations';
const {status} = spawnSync(
  process.execPath,
  ['node_modules/typescript-native/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', declarations],
  {stdio: 'inherit'},
);
if (status !== 0) throw new Error('The sources do not compile');
process.once('exit', () => rmSync(declarations, {recursive: true}));

const entry = {
  index: 'src/index.ts',
  core: 'src/core-index.ts',
  undici: 'src/connectors/undici/index.ts',
  fetch: 'src/connectors/native/fetch.ts',
  mock: 'src/connectors/mock.ts',
  'rate-limiter-flexible': 'src/policies/rate-limit/rate-limiter-flexible.ts',
  openapi: 'src/openapi/index.ts',
  cli: 'src/openapi/cli.ts',
  cookies: 'src/policies/cookies/index.ts',
  digest: 'src/policies/auth/digest.ts',
  opentelemetry: 'src/opentelemetry/index.ts',
  har: 'src/har/index.ts',
  deno: 'src/connectors/native/deno.ts',
  bun: 'src/connectors/native/bun.ts',
  node: 'src/node/index.ts',
  // Nothing imports it by this name. It's of its own so that who has a session alone can leave it out.
  'event-source': 'src/event-source/index.ts',
  conformance: 'src/conformance/index.ts',
  'conformance-server': 'src/conformance/server/index.ts',
  'web-hash': 'src/download/web-hash.ts',
  'node-hash': 'src/download/node-hash.ts',
  calls: 'src/session/calls.ts',
  'worker-calls': 'src/session/worker-calls.ts',
  timers: 'src/utils/timers.ts',
  'worker-timers': 'src/utils/worker-timers.ts',
  'root-options': 'src/session/root-options.ts',
  'worker-root-options': 'src/session/worker-root-options.ts',
  'page-root-options': 'src/session/page-root-options.ts',
  'share-requests': 'src/policies/single-flight/share-requests.ts',
  'worker-share-requests': 'src/policies/single-flight/worker-share-requests.ts',
  'default-web': 'src/connectors/default/web.ts',
  'default-page': 'src/connectors/default/page.ts',
  'default-node': 'src/connectors/default/node.ts',
  'default-deno': 'src/connectors/default/deno.ts',
  'default-bun': 'src/connectors/default/bun.ts',
};

export default defineConfig({
  entry,
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  splitting: true,
  sourcemap: true,
  clean: true,
  dts: {entry: declarationsOf(entry)},
  // These stay in the output, so that the consumer's runtime or bundler chooses, not this build.
  external: ['#connector', '#hash', '#calls', '#timers', '#share-requests', '#root-options', /^node:/],
  // Else "node:net" becomes "net", which may be a package, and isn't known for Node's.
  removeNodeProtocol: false,
});

function declarationsOf(sources: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sources).map(([name, file]) => [
      name,
      file.replace(/^src(.*)ts$/, `${declarations}$1d.ts`),
    ]),
  );
}
