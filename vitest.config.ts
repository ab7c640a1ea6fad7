import {defaultServerConditions} from 'vite';
import {defineConfig} from 'vitest/config';

// The tests run on the TypeScript sources: through Vite, and, for what Node itself imports, through its own conditions.
const source = '@aiofetch/source';
const conditions = [source, ...defaultServerConditions];

export default defineConfig({
  resolve: {conditions},
  ssr: {resolve: {conditions, externalConditions: conditions}},
  test: {
    globals: false,
    pool: 'forks',
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
          },
        },
      },
    ],
  },
});
