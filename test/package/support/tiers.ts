import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** A program of which the size in a browser is measured. */
export interface Subject {
  readonly name: string;
  readonly code: string;
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
    name: 'a typed client on `aiofetch/core` that calls one of its 1,000 endpoints',
    code: oneOfManyEndpoints(1_000),
    limit: 15_000,
  },
];

/** The parts of this package, and how large each may be. */
export const tiers: readonly Tier[] = [
  ...(hasCore ? onCore : []),
  {
    name: '`aiofetch`: `createSession` and `gather`, with all options of a session',
    code: "export {createSession, gather} from 'aiofetch'",
    limit: hasCore ? 32_000 : 33_600,
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

/** A module as a generator writes it, of which a program calls a single operation. */
function oneOfManyEndpoints(count: number): string {
  const endpoints = Array.from(
    {length: count},
    (_, index) =>
      `const getThing${index} = endpoint('GET /things${index}/{id}', {response: type<{name: string}>(), errors: {404: type<{message: string}>()}});`,
  );
  return [
    "import {defineClient, endpoint, type} from 'aiofetch';",
    "import {createSession} from 'aiofetch/core';",
    ...endpoints,
    `export const client = defineClient({getThing: getThing${count >> 1}})(createSession());`,
  ].join('\n');
}
