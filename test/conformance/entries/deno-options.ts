import type {DenoConnectorOptions} from 'aiofetch/deno';
import {denoConnector} from 'aiofetch/deno';
import {commonOptionCases} from '../support/common-options.ts';
import type {EntryConfig} from '../support/entry.ts';
import {runAndReport} from '../support/entry.ts';
import {check, optionCase, refusalCase} from '../support/option-cases.ts';
import type {OptionsAnswer} from '../support/options-server.ts';

const {Deno} = globalThis as unknown as {Deno: {args: [string]}};
const config = JSON.parse(Deno.args[0]) as EntryConfig;
const {plain, secure, ca, client} = config.options;
const tls = {ca};
const create = (options?: DenoConnectorOptions) => () => denoConnector(options);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

await runAndReport(config, [
  ...commonOptionCases(config.options, create),
  optionCase(
    'without options, connections are reused, and closed with the connector',
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
  optionCase('maxIdlePerHost: 0 keeps no idle connection', create({maxIdlePerHost: 0}), async (ask) => {
    const {connection} = await ask(plain);
    check((await ask(plain)).connection !== connection, 'another connection');
  }),
  optionCase('keepAliveTimeout closes an idle connection', create({keepAliveTimeout: 100}), async (ask) => {
    const {connection} = await ask(plain);
    await sleep(400);
    check((await ask(plain)).connection !== connection, 'another connection');
  }),
  optionCase(
    'keepAliveTimeout: false keeps idle connections',
    create({keepAliveTimeout: false}),
    async (ask) => {
      const {connection} = await ask(plain);
      await sleep(200);
      check((await ask(plain)).connection === connection, 'the same connection');
    },
  ),
  optionCase('http2 is used if the server supports it', create({tls}), async (ask) => {
    const {httpVersion} = await ask(secure);
    check(httpVersion === '2.0', `2.0, not ${httpVersion}`);
  }),
  optionCase('http2: false uses HTTP/1.1', create({tls, http2: false}), async (ask) => {
    const {httpVersion} = await ask(secure);
    check(httpVersion === '1.1', `1.1, not ${httpVersion}`);
  }),
  optionCase(
    'localAddress sets the address of the connection',
    create({localAddress: '127.0.0.2'}),
    async (ask) => {
      const {from} = await ask(plain);
      check(from === '127.0.0.2', `127.0.0.2, not ${from}`);
    },
  ),
  refusalCase(
    'an unknown option is refused',
    create({keepalive: 1} as never),
    'UnsupportedOptionError',
    'connector.keepalive',
  ),
  refusalCase(
    'an unknown option of tls is refused',
    create({tls: {rejectUnauthorized: false}} as never),
    'UnsupportedOptionError',
    'connector.tls.rejectUnauthorized',
  ),
  refusalCase(
    'tls.cert without tls.key is refused',
    create({tls: {cert: client.cert}}),
    'InvalidOptionError',
    'connector.tls',
  ),
  refusalCase(
    'a proxy with an unsupported scheme is refused',
    create({proxy: 'ftp://u:secret@host'}),
    'InvalidOptionError',
    'connector.proxy',
  ),
]);
