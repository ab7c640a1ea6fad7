import {denoConnector} from 'aiofetch/deno';
import {runEntry} from '../support/entry.ts';

const {Deno} = globalThis as unknown as {Deno: {args: [string]}};
await runEntry(JSON.parse(Deno.args[0]), {createConnector: denoConnector});
