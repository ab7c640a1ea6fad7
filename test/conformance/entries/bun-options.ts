import type {BunConnectorOptions} from 'aiofetch/bun';
import {bunConnector} from 'aiofetch/bun';
import type {EntryConfig} from '../support/entry.ts';
import {runAndReport} from '../support/entry.ts';
import {check, optionCase, refusalCase, rejects} from '../support/option-cases.ts';

const config = JSON.parse(process.argv[2] as string) as EntryConfig;
const {plain, secure, proxy, socketPath, ca, client} = config.options;
const create = (options?: BunConnectorOptions) => () => bunConnector(options);

await runAndReport(config, [
  optionCase('without tls.ca: an authority that nobody knows is refused', create(), async (ask) => {
    const error = await rejects(ask(secure), 'ConnectionError');
    check((error as Error & {phase?: string}).phase === 'tls', `phase tls, not ${JSON.stringify(error)}`);
  }),
  optionCase('tls.ca: its authority is trusted', create({tls: {ca}}), async (ask) => {
    check((await ask(secure)).client === undefined, 'no certificate of the client');
  }),
  optionCase('tls.ca: several', create({tls: {ca: [ca, ca]}}), async (ask) => {
    await ask(secure);
  }),
  optionCase('tls.rejectUnauthorized: false', create({tls: {rejectUnauthorized: false}}), async (ask) => {
    await ask(secure);
  }),
  optionCase('tls.cert and key: the server sees them', create({tls: {ca, ...client}}), async (ask) => {
    const answer = await ask(secure);
    check(answer.client === 'client', `a client called client, not ${answer.client}`);
  }),
  optionCase(
    'tls.servername: another than the certificate’s is refused',
    create({tls: {ca, servername: 'other.example'}}),
    async (ask) => {
      await rejects(ask(secure), 'ConnectionError');
    },
  ),
  optionCase('proxy: for http', create({proxy}), async (ask) => {
    check((await ask(plain)).proxied.forwarded > 0, 'a request through the proxy');
  }),
  optionCase('proxy: for https', create({proxy, tls: {ca}}), async (ask) => {
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
  refusalCase(
    'one that is not known',
    create({http2: true} as never),
    'UnsupportedOptionError',
    'connector.http2',
  ),
  refusalCase(
    'one of tls that is not known',
    create({tls: {pin: 'x'}} as never),
    'UnsupportedOptionError',
    'connector.tls.pin',
  ),
  refusalCase(
    'a proxy that is none',
    create({proxy: 'socks5://u:secret@host'}),
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
