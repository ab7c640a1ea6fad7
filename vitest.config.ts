import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {defaultServerConditions} from 'vite';
import {defineConfig} from 'vitest/config';
import {LongestFirst} from './test/support/longest-first.ts';

// The tests run on the TypeScript sources: through Vite, and, for what Node itself imports, through its own conditions.
const source = '@aiofetch/source';
const conditions = [source, ...defaultServerConditions];

// Tests start hundreds of Node processes. With the cache, a process neither strips types nor compiles what another one has:
// one that imports aiofetch takes half the processor time.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/aiofetch-tests');

// These files measure memory, wait for the garbage collector or run a compiler: each needs a process of its own. In a process that
// others have filled, a collection takes several times as long.
const alone = [
  'test/connectors/undici/http2/soak.test.ts',
  'test/connectors/undici/messages/decompression.test.ts',
  'test/connectors/undici/messages/gc.test.ts',
  'test/connectors/undici/event-source.test.ts',
  'test/connectors/undici/soak.test.ts',
  'test/openapi/documents.test.ts',
  'test/openapi/hostile.test.ts',
  'test/unit/client/type-cost.test.ts',
  'test/unit/policies/circuit-breaker.test.ts',
  'test/unit/policies/rate-limit/rate-limit.test.ts',
  'test/unit/session/lifecycle.test.ts',
  'test/unit/connectors/base/tracked-response.test.ts',
  'test/unit/gather/as-completed.test.ts',
];

// The other files share processes, since importing the sources takes longer than running most of the files.
const shared = {isolate: false, setupFiles: './test/support/shared-process.ts'};

export default defineConfig({
  resolve: {conditions},
  ssr: {resolve: {conditions, externalConditions: conditions}},
  test: {
    globals: false,
    pool: 'forks',
    // More than a small machine has processors, since many files wait most of their time: for timers, processes or browsers.
    maxWorkers: Math.max(4, availableParallelism()),
    execArgv: ['--expose-gc', `--conditions=${source}`],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine may take this long to come to what a test waits for.
    expect: {poll: {timeout: 30_000}},
    sequence: {sequencer: LongestFirst},
    // The last line of the output has to be the one that counts.
    reporters: ['default', './test/support/runtimes-reporter.ts', './test/support/closing-line-reporter.ts'],
    // All projects are of one group, so that none waits for the last file of another.
    projects: [
      {
        extends: true,
        test: {
          // These files start no process. `npm run test:unit` runs them alone.
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: alone,
          ...shared,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/!(compat|conformance|package|unit)/**/*.test.ts'],
          exclude: ['test/playground/browser/**', ...alone],
          ...shared,
        },
      },
      {
        extends: true,
        test: {name: 'alone', include: alone},
      },
      {
        extends: true,
        test: {
          name: 'runtimes',
          include: ['test/conformance/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/*.test.ts'],
          globalSetup: './test/package/support/global-setup.ts',
          // A bound on compilers that hang.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'playground',
          include: ['test/playground/browser/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
            // The native compiler takes half of the time. The package's tests compile with the others.
            checker: join(import.meta.dirname, 'node_modules/typescript-native/bin/tsc'),
          },
        },
      },
    ],
  },
});
