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

// These files measure memory, wait for the garbage collector or run a compiler: each needs a process of its own.
const alone = [
  'test/unit/client/type-cost.test.ts',
  'test/unit/policies/circuit-breaker.test.ts',
  'test/unit/policies/rate-limit/rate-limit.test.ts',
  'test/unit/session/lifecycle.test.ts',
  'test/unit/connectors/base/tracked-response.test.ts',
  'test/unit/gather/as-completed.test.ts',
];

export default defineConfig({
  resolve: {conditions},
  ssr: {resolve: {conditions, externalConditions: conditions}},
  test: {
    globals: false,
    pool: 'forks',
    // By default Vitest leaves a processor free: on a machine with two, it would run one file at a time.
    maxWorkers: '100%',
    execArgv: ['--expose-gc', `--conditions=${source}`],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine may take this long to come to what a test waits for.
    expect: {poll: {timeout: 30_000}},
    sequence: {sequencer: LongestFirst},
    // The last line of the output has to be the one that counts.
    reporters: ['default', './test/support/runtimes-reporter.ts', './test/support/closing-line-reporter.ts'],
    // Projects of one group run side by side, and a group starts when the one before has ended: the cases of the runtimes
    // bound how late a timeout may come, and browsers and compilers need the processors for themselves.
    projects: [
      {
        extends: true,
        test: {
          // These files start no process. They share one, since importing the sources takes longer than running most of
          // the files. `npm run test:unit` runs them alone.
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: alone,
          isolate: false,
          setupFiles: './test/support/shared-process.ts',
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/!(conformance|package|unit)/**/*.test.ts', ...alone],
          exclude: ['test/playground/browser/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'runtimes',
          include: ['test/conformance/**/*.test.ts'],
          sequence: {groupOrder: 1},
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/*.test.ts'],
          globalSetup: './test/package/support/global-setup.ts',
          sequence: {groupOrder: 2},
        },
      },
      {
        extends: true,
        test: {
          name: 'playground',
          include: ['test/playground/browser/*.test.ts'],
          sequence: {groupOrder: 2},
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          sequence: {groupOrder: 2},
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
