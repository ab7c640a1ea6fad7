import ky from 'ky';
import {Agent, setGlobalDispatcher} from 'undici';
import type {PeerFactory} from './peer.ts';

/** ky with its defaults, on built-in fetch. */
export const kyPeer: PeerFactory = ({connections}) => {
  setGlobalDispatcher(new Agent({connections}));
  const json = (url: string) => ky.get(url).json();
  return {
    package: 'ky',
    client: {
      json,
      gzip: json,
      post: (url, value) => ky.post(url, {json: value}).json(),
      bytes: (url) => ky.get(url).arrayBuffer(),
    },
  };
};
