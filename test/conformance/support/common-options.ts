import type {Connector} from 'aiofetch';
import type {ConformanceCase} from 'aiofetch/conformance';
import type {EntryConfig} from './entry.ts';
import {check, optionCase, refusalCase, rejects} from './option-cases.ts';

/** The options that the connectors of Deno and Bun share. */
interface CommonOptions {
  readonly limit?: number;
  readonly tls?: {readonly ca?: string | readonly string[]; readonly cert?: string; readonly key?: string};
  readonly proxy?: string | URL;
  readonly socketPath?: string;
}

/** The cases that hold in both runtimes. */
export function commonOptionCases(
  {plain, secure, proxy, socketPath, ca, client}: EntryConfig['options'],
  create: (options?: CommonOptions) => () => Connector,
): ConformanceCase[] {
  return [
    optionCase('without tls.ca, a certificate of an unknown authority is refused', create(), async (ask) => {
      const error = await rejects(ask(secure), 'TypeError');
      check((error as Error & {phase?: string}).phase === 'tls', `phase tls, not ${JSON.stringify(error)}`);
    }),
    optionCase('tls.ca makes the connector trust an authority', create({tls: {ca}}), async (ask) => {
      check((await ask(secure)).client === undefined, 'no certificate of the client');
    }),
    optionCase('tls.ca takes several authorities', create({tls: {ca: [ca, ca]}}), async (ask) => {
      await ask(secure);
    }),
    optionCase(
      'tls.cert and tls.key send a client certificate',
      create({tls: {ca, ...client}}),
      async (ask) => {
        const answer = await ask(secure);
        check(answer.client === 'client', `a client called client, not ${answer.client}`);
      },
    ),
    optionCase('proxy sends http requests through the proxy', create({proxy}), async (ask) => {
      const {forwarded, tunnelled} = (await ask(plain)).proxied;
      check(forwarded + tunnelled > 0, 'a request through the proxy');
    }),
    optionCase('proxy sends https requests through a tunnel', create({proxy, tls: {ca}}), async (ask) => {
      check((await ask(secure)).proxied.tunnelled > 0, 'a tunnel through the proxy');
    }),
    optionCase(
      'proxy without its password is refused by the proxy',
      create({proxy: withoutPassword(proxy)}),
      async (ask) => {
        await rejects(ask(plain), 'HTTPError');
      },
    ),
    optionCase('socketPath connects to a Unix socket', create({socketPath}), async (ask) => {
      const {from, host} = await ask('http://service/path');
      check(from === '', `no address, not ${from}`);
      check(host === 'service', `the host of the URL, not ${host}`);
    }),
    ...(
      [
        ['tls', {tls: {ca}}],
        ['proxy', {proxy}],
        ['socketPath', {socketPath}],
      ] as const
    ).map(([option, options]) =>
      optionCase(
        `${option} is refused while the global fetch is replaced, which may drop it`,
        create(options),
        async (ask) => {
          const {fetch: own} = globalThis;
          let called = false;
          globalThis.fetch = ((input, init) => {
            called = true;
            return own(input, init);
          }) as typeof own;
          try {
            const error = await rejects(ask(plain), 'UnsupportedOptionError');
            check(
              (error as Error & {option?: string}).option === `connector.${option}`,
              `${option} in ${error}`,
            );
          } finally {
            globalThis.fetch = own;
          }
          check(!called, 'no call of the replacement');
        },
      ),
    ),
    optionCase('a replaced global fetch is used without such an option', create({limit: 1}), async (ask) => {
      const {fetch: own} = globalThis;
      globalThis.fetch = (async () => Response.json({from: 'replaced'})) as unknown as typeof own;
      try {
        check((await ask(plain)).from === 'replaced', 'the answer of the replacement');
      } finally {
        globalThis.fetch = own;
      }
    }),
    refusalCase('an invalid limit is refused', create({limit: -1}), 'InvalidOptionError', 'connector.limit'),
    refusalCase(
      'proxy together with socketPath is refused',
      create({proxy, socketPath}),
      'InvalidOptionError',
      'connector.socketPath',
    ),
  ];
}

function withoutPassword(url: string): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}
