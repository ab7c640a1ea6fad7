import {join} from 'node:path';
import {defaultServerConditions} from 'vite';
import {defineConfig} from 'vitest/config';

// The tests run on the TypeScript sources: through Vite, and, for what Node itself imports, through its own conditions.
const source = '@aiofetch/source';
const conditions = [source, ...defaultServerConditions];

// Tests start hundreds of Node processes. With the cache, a process neither strips types nor compiles what another one has:
// one that imports aiofetch takes half the processor time.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/aiofetch-tests');

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
    // What is waited for comes, however busy the machine is.
    expect: {poll: {timeout: 30_000}},
    // The counting line has to be the last one printed.
    reporters: ['default', './test/support/runtimes-reporter.ts', './test/support/closing-line-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/conformance/**', 'test/package/**', 'test/playground/browser/**'],
        },
      },
      {
        extends: true,
        // After the others: a browser would take the time that those measure.
        test: {
          name: 'playground',
          include: ['test/playground/browser/*.test.ts'],
          fileParallelism: false,
          sequence: {groupOrder: 3},
        },
      },
      {
        extends: true,
        // After the others: what takes its time there must not be what takes its time here.
        test: {
          name: 'runtimes',
          include: ['test/conformance/**/*.test.ts'],
          sequence: {groupOrder: 1},
        },
      },
      {
        extends: true,
        // After the others: compilers and bundlers would take the time that those measure.
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
          name: 'types',
          include: [],
          sequence: {groupOrder: 2},
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
            // The native compiler takes a tenth of the time. The package's tests compile with the others.
            checker: join(import.meta.dirname, 'node_modules/typescript-native/bin/tsc'),
          },
        },
      },
    ],
  },
});
