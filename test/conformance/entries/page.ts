import {fetchConnector} from 'aiofetch/fetch';
import {runEntry} from '../support/entry.ts';
import {frameCases} from '../support/frame-cases.ts';
import {uploadCases} from '../support/upload-cases.ts';

const config = JSON.parse(new URL(location.href).searchParams.get('config') as string);
const cases = [...frameCases(config), ...uploadCases(config)];
await runEntry(config, {createConnector: fetchConnector}, cases);
