import {fetchConnector} from 'aiofetch/fetch';
import {runEntry} from '../support/entry.ts';

await runEntry(JSON.parse(process.argv[2] as string), {createConnector: fetchConnector});
