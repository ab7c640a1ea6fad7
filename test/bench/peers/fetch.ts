import {Agent, setGlobalDispatcher} from 'undici';
import {fetchClient} from './fetch-client.ts';
import type {PeerFactory} from './peer.ts';

/** Node's own fetch, with as many connections as the others: the global dispatcher is the only way to bound them. */
export const builtInFetch: PeerFactory = ({connections}) => {
  setGlobalDispatcher(new Agent({connections}));
  return {client: fetchClient(fetch as never)};
};
