import {defineConfig} from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    core: 'src/core-index.ts',
    undici: 'src/connectors/undici/index.ts',
    fetch: 'src/connectors/native/fetch.ts',
    mock: 'src/connectors/mock.ts',
    'rate-limiter-flexible': 'src/policies/rate-limit/rate-limiter-flexible.ts',
    openapi: 'src/openapi/index.ts',
    cli: 'src/openapi/cli.ts',
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
    'default-web': 'src/connectors/default/web.ts',
    'default-page': 'src/connectors/default/page.ts',
    'default-node': 'src/connectors/default/node.ts',
    'default-deno': 'src/connectors/default/deno.ts',
    'default-bun': 'src/connectors/default/bun.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  splitting: true,
  sourcemap: true,
  clean: true,
  // The root tsconfig knows no Node types, and some of the entries are for Node.
  dts: {compilerOptions: {types: ['node']}},
  // These stay in the output, so that the consumer's runtime or bundler chooses, not this build.
  external: ['#connector', '#hash', /^node:/],
  // Else "node:net" becomes "net", which may be a package, and isn't known for Node's.
  removeNodeProtocol: false,
});
