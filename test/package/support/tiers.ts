import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {fromOpenApi} from 'aiofetch/openapi';
import {manyOperations, nameOf} from '../../support/many-operations.ts';

/** A program of which the size in a browser is measured. */
export interface Subject {
  readonly name: string;
  readonly code: string;
  /** Makes the module that the program imports as `./client.ts`. */
  client?(): Promise<string>;
}

/** A part of this package that may not grow unnoticed. */
export interface Tier extends Subject {
  /** The most bytes that the bundle may have after gzip. */
  readonly limit: number;
}

const hasCore = existsSync(fileURLToPath(new URL('../../../dist/core.js', import.meta.url)));

const onCore: readonly Tier[] = [
  {
    name: '`aiofetch/core`: `session.fetch`, limits, timeouts, errors',
    code: "export {createSession} from 'aiofetch/core'",
    limit: 11_000,
  },
  {
    name: '`aiofetch/core` with verbs, retries and `gather`',
    code: "export {createSession, retryPolicy, verbs} from 'aiofetch/core'; export {gather} from 'aiofetch'",
    limit: 17_500,
  },
  {
    name: 'a typed client on `aiofetch/core` that calls one of 1,000 operations',
    code: `
      import {defineClient} from 'aiofetch';
      import {createSession} from 'aiofetch/core';
      import {${nameOf(500)}} from './client.ts';
      export const client = defineClient({get: ${nameOf(500)}})(createSession());
    `,
    client: async () => (await fromOpenApi(manyOperations(1_000))).code,
    limit: 15_000,
  },
];

/** The parts of this package, and how large each may be. */
export const tiers: readonly Tier[] = [
  ...(hasCore ? onCore : []),
  {
    name: '`aiofetch`: `createSession` and `gather`, with all options of a session',
    code: "export {createSession, gather} from 'aiofetch'",
    limit: 32_000,
  },
];

/** Other clients, each with all that its main export brings. */
export const peers: readonly Subject[] = [
  {name: 'ky', code: "export {default} from 'ky'"},
  {name: 'axios', code: "export {default} from 'axios'"},
  {name: 'ofetch', code: "export {ofetch} from 'ofetch'"},
  {name: 'wretch', code: "export {default} from 'wretch'"},
  {name: 'openapi-fetch', code: "export {default} from 'openapi-fetch'"},
];
