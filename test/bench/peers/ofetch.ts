import {ofetch} from 'ofetch';
import {Agent, setGlobalDispatcher} from 'undici';
import type {PeerFactory} from './peer.ts';

/** ofetch with its defaults, on built-in fetch. */
export const ofetchPeer: PeerFactory = ({connections}) => {
  setGlobalDispatcher(new Agent({connections}));
  const json = (url: string) => ofetch(url);
  return {
    package: 'ofetch',
    client: {
      json,
      gzip: json,
      post: (url, value) => ofetch(url, {method: 'POST', body: value as Record<string, unknown>}),
      bytes: (url) => ofetch(url, {responseType: 'arrayBuffer'}),
    },
  };
};
