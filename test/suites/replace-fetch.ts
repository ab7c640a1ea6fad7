/**
 * Loaded before a suite, by `--import`. It puts `session.fetch` in as the global `fetch` where SUITE_FETCH is "session", and
 * gives node-fetch's suite the global `fetch` and classes instead of its own.
 *
 * @module
 */
import {registerHooks} from 'node:module';
import {env} from 'node:process';
import {createSession} from 'aiofetch';

if (env['SUITE_FETCH'] === 'session') globalThis.fetch = createSession().fetch as typeof globalThis.fetch;

const original = '?original';

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith('/node-fetch/src/index.js')) return nextLoad(url, context);
    const source = `
      export * from ${JSON.stringify(url + original)};
      export const {Headers, Request, Response, FormData, Blob, File} = globalThis;
      export default globalThis.fetch;
    `;
    return {format: 'module', source, shortCircuit: true};
  },
});
