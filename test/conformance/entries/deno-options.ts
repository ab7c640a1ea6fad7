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
  optionCase('http2: spoken where the server does', create({tls}), async (ask) => {
    const {httpVersion} = await ask(secure);
    check(httpVersion === '2.0', `2.0, not ${httpVersion}`);
  }),
  optionCase('http2: false speaks 1.1', create({tls, http2: false}), async (ask) => {
    const {httpVersion} = await ask(secure);
    check(httpVersion === '1.1', `1.1, not ${httpVersion}`);
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
]);
