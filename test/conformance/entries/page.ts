import {fetchConnector} from 'aiofetch/fetch';
import {runEntry} from '../support/entry.ts';

const config = new URL(location.href).searchParams.get('config') as string;
await runEntry(JSON.parse(config), {createConnector: fetchConnector});
