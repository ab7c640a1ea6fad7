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
    testTimeout: 10_000,
    hookTimeout: 10_000,
    // The counting line has to be the last one printed.
    reporters: ['default', './test/support/runtimes-reporter.ts', './test/support/closing-line-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/conformance/**']},
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
    ],
  },
});
