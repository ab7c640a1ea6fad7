import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import type {Plugin} from 'vite';
import {defaultClientConditions, defineConfig} from 'vite';

/** The script of msw's service worker, which plays the server's part in the static site: from the package, as it is. */
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
  // Wherever the static site is put.
  base: './',
  resolve: {
    conditions: ['@aiofetch/source', ...defaultClientConditions],
    alias: {aiofetch: join(import.meta.dirname, '../src/index.ts')},
  },
  // Whatever NODE_ENV is: what is built has no server behind it.
  define: {isStaticSite: command === 'build'},
  plugins: [serviceWorker()],
  build: {target: 'es2023', emptyOutDir: true, reportCompressedSize: false},
  server: {fs: {allow: [join(import.meta.dirname, '..')]}},
  clearScreen: false,
}));
