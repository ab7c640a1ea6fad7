import {Agent} from 'node:http';
import got from 'got';
import type {PeerFactory} from './peer.ts';
import {drain, nodeStream} from './peer.ts';

export const gotPeer: PeerFactory = ({connections}) => {
  const client = got.extend({agent: {http: new Agent({keepAlive: true, maxSockets: connections})}});
  const json = (url: string) => client.get(url).json();
  return {
    package: 'got',
    client: {
      json,
      gzip: json,
      post: (url, value) => client.post(url, {json: value}).json(),
      bytes: (url) => client.get(url).buffer(),
      download: (url) => drain(client.stream(url)),
      upload: (url, bytes) => client.post(url, {body: nodeStream(bytes)}).json(),
    },
  };
};
