import {Agent, setGlobalDispatcher} from 'undici';
import {fetchClient} from './fetch-client.ts';
import type {PeerFactory} from './peer.ts';

/** Built-in fetch with as many connections as the other clients, which only the global dispatcher can bound. */
export const builtInFetch: PeerFactory = ({connections}) => {
  setGlobalDispatcher(new Agent({connections}));
  return {client: fetchClient(fetch as never)};
};
