import {fetchConnector} from 'aiofetch/fetch';
import {runEntry} from '../support/entry.ts';

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await runEntry(await request.json(), {createConnector: fetchConnector}));
  },
};
