import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import type {Plugin} from 'vite';
import {defaultClientConditions, defineConfig} from 'vite';

/** Copies the script of msw's service worker, which is the server of the static site, from its package. */
function serviceWorker(): Plugin {
  return {
    name: 'playground-service-worker',
    apply: 'build',
    async generateBundle() {
      const file = createRequire(import.meta.url).resolve('msw/mockServiceWorker.js');
      this.emitFile({type: 'asset', fileName: 'mockServiceWorker.js', source: await readFile(file)});
    },
  };
}

export default defineConfig(({command}) => ({
  root: import.meta.dirname,
  // Relative, so that the static site works at any path.
  base: './',
  resolve: {
    conditions: ['@aiofetch/source', ...defaultClientConditions],
    alias: {aiofetch: join(import.meta.dirname, '../src/index.ts')},
  },
  // A build has no server behind it, whatever NODE_ENV is.
  define: {isStaticSite: command === 'build'},
  plugins: [serviceWorker()],
  build: {target: 'es2023', emptyOutDir: true, reportCompressedSize: false},
  server: {fs: {allow: [join(import.meta.dirname, '..')]}},
  clearScreen: false,
}));
