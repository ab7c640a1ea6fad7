import type {DenoConnectorOptions} from 'aiofetch/deno';
import {denoConnector} from 'aiofetch/deno';
import type {EntryConfig} from '../support/entry.ts';
import {runAndReport} from '../support/entry.ts';
import {check, optionCase, refusalCase, rejects} from '../support/option-cases.ts';
import type {OptionsAnswer} from '../support/options-server.ts';

const {Deno} = globalThis as unknown as {Deno: {args: [string]}};
const config = JSON.parse(Deno.args[0]) as EntryConfig;
const {plain, secure, proxy, socketPath, ca, client} = config.options;
const tls = {ca};
const create = (options?: DenoConnectorOptions) => () => denoConnector(options);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

await runAndReport(config, [
  optionCase(
    'without any: connections are used again, and closed with it',
    create(),
    async (ask, connector) => {
      const url = `${plain}?closed`;
      const {connection} = await ask(url);
      check((await ask(url)).connection === connection, 'the same connection again');
      await connector.close();
      await sleep(100);
      const {open} = (await (await fetch(url)).json()) as OptionsAnswer;
      check(open === 1, `no connection left but the one that asks, not ${open}`);
    },
  ),
  optionCase('maxIdlePerHost: 0 keeps none', create({maxIdlePerHost: 0}), async (ask) => {
    const {connection} = await ask(plain);
    check((await ask(plain)).connection !== connection, 'another connection');
  }),
  optionCase('keepAliveTimeout: closes an idle one', create({keepAliveTimeout: 100}), async (ask) => {
    const {connection} = await ask(plain);
    await sleep(400);
    check((await ask(plain)).connection !== connection, 'another connection');
  }),
  optionCase('keepAliveTimeout: false keeps them', create({keepAliveTimeout: false}), async (ask) => {
    const {connection} = await ask(plain);
    await sleep(200);
    check((await ask(plain)).connection === connection, 'the same connection');
  }),
  optionCase('without tls.ca: an authority that nobody knows is refused', create(), async (ask) => {
    const error = await rejects(ask(secure), 'ConnectionError');
    check((error as Error & {phase?: string}).phase === 'tls', `phase tls, not ${JSON.stringify(error)}`);
  }),
  optionCase('tls.ca: its authority is trusted', create({tls}), async (ask) => {
    check((await ask(secure)).client === undefined, 'no certificate of the client');
  }),
  optionCase('tls.ca: several', create({tls: {ca: [ca, ca]}}), async (ask) => {
    await ask(secure);
  }),
  optionCase('tls.cert and key: the server sees them', create({tls: {ca, ...client}}), async (ask) => {
    const answer = await ask(secure);
    check(answer.client === 'client', `a client called client, not ${answer.client}`);
  }),
  optionCase('http2: spoken where the server does', create({tls}), async (ask) => {
    const {httpVersion} = await ask(secure);
    check(httpVersion === '2.0', `2.0, not ${httpVersion}`);
  }),
  optionCase('http2: false speaks 1.1', create({tls, http2: false}), async (ask) => {
    const {httpVersion} = await ask(secure);
    check(httpVersion === '1.1', `1.1, not ${httpVersion}`);
  }),
  optionCase('proxy: for http', create({proxy}), async (ask) => {
    const {forwarded, tunnelled} = (await ask(plain)).proxied;
    check(forwarded + tunnelled > 0, 'a request through the proxy');
  }),
  optionCase('proxy: for https', create({proxy, tls}), async (ask) => {
    check((await ask(secure)).proxied.tunnelled > 0, 'a tunnel through the proxy');
  }),
  optionCase(
    'proxy: without its password is refused',
    create({proxy: withoutPassword(proxy)}),
    async (ask) => {
      await rejects(ask(plain), 'HTTPError');
    },
  ),
  optionCase('socketPath', create({socketPath}), async (ask) => {
    const {from, host} = await ask('http://service/path');
    check(from === '', `no address, not ${from}`);
    check(host === 'service', `the host of the URL, not ${host}`);
  }),
  optionCase('localAddress', create({localAddress: '127.0.0.2'}), async (ask) => {
    const {from} = await ask(plain);
    check(from === '127.0.0.2', `127.0.0.2, not ${from}`);
  }),
  refusalCase(
    'one that is not known',
    create({keepalive: 1} as never),
    'UnsupportedOptionError',
    'connector.keepalive',
  ),
  refusalCase(
    'one of tls that is not known',
    create({tls: {rejectUnauthorized: false}} as never),
    'UnsupportedOptionError',
    'connector.tls.rejectUnauthorized',
  ),
  refusalCase('cert without key', create({tls: {cert: client.cert}}), 'InvalidOptionError', 'connector.tls'),
  refusalCase(
    'a proxy that is none',
    create({proxy: 'ftp://u:secret@host'}),
    'InvalidOptionError',
    'connector.proxy',
  ),
  refusalCase('a limit that is none', create({limit: -1}), 'InvalidOptionError', 'connector.limit'),
  refusalCase(
    'proxy with socketPath',
    create({proxy, socketPath}),
    'InvalidOptionError',
    'connector.socketPath',
  ),
]);

function withoutPassword(url: string): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}
