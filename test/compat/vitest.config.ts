import {defineConfig} from 'vitest/config';

// As Node resolves them: under Vite's condition `module`, packages give files that only bundlers can load.
const conditions = ['@aiofetch/source', 'node', 'module-sync'];

export default defineConfig({
  root: import.meta.dirname,
  resolve: {conditions},
  ssr: {resolve: {conditions, externalConditions: conditions}},
  test: {
    include: ['*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Importing the sources takes longer than running most of the files.
    isolate: false,
    execArgv: ['--conditions=@aiofetch/source'],
    testTimeout: 60_000,
  },
});
