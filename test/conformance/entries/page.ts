import {fetchConnector} from 'aiofetch/fetch';
import {runEntry} from '../support/entry.ts';
import {frameCases} from '../support/frame-cases.ts';

const config = JSON.parse(new URL(location.href).searchParams.get('config') as string);
await runEntry(config, {createConnector: fetchConnector}, frameCases(config));
