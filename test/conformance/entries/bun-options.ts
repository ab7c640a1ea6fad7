import type {BunConnectorOptions} from 'aiofetch/bun';
import {bunConnector} from 'aiofetch/bun';
import {commonOptionCases} from '../support/common-options.ts';
import type {EntryConfig} from '../support/entry.ts';
import {runAndReport} from '../support/entry.ts';
import {optionCase, refusalCase, rejects} from '../support/option-cases.ts';

const config = JSON.parse(process.argv[2] as string) as EntryConfig;
const {secure, ca} = config.options;
const create = (options?: BunConnectorOptions) => () => bunConnector(options);

await runAndReport(config, [
  ...commonOptionCases(config.options, create),
  optionCase(
    'tls.rejectUnauthorized: false accepts an unknown authority',
    create({tls: {rejectUnauthorized: false}}),
    async (ask) => {
      await ask(secure);
    },
  ),
  optionCase(
    'tls.servername that is not in the certificate is refused',
    create({tls: {ca, servername: 'other.example'}}),
    async (ask) => {
      await rejects(ask(secure), 'TypeError');
    },
  ),
  refusalCase(
    'an unknown option is refused',
    create({http2: true} as never),
    'UnsupportedOptionError',
    'connector.http2',
  ),
  refusalCase(
    'an unknown option of tls is refused',
    create({tls: {pin: 'x'}} as never),
    'UnsupportedOptionError',
    'connector.tls.pin',
  ),
  refusalCase(
    'a proxy that is not an HTTP proxy is refused',
    create({proxy: 'socks5://u:secret@host'}),
    'InvalidOptionError',
    'connector.proxy',
  ),
]);
