import type {ClientHttp2Session} from 'node:http2';
import {connect} from 'node:http2';
import * as aiofetch from 'aiofetch';
import {undiciConnector} from 'aiofetch/undici';
import got from 'got';
import {Agent, request} from 'undici';
import {Agent as Agent8, request as request8} from 'undici-8';
import {fetchClient} from './fetch-client.ts';
import type {PeerFactory} from './peer.ts';
import {requestClient} from './undici.ts';

/**
 * The clients over HTTP/2, each on one connection where it lets that be chosen.
 *
 * @module
 */

export const sessionHttp2: PeerFactory = ({connections}) => {
  const session = aiofetch.createSession({connector: undiciConnector({limit: connections, http2: true})});
  return {package: 'aiofetch', boundsAllHosts: true, client: fetchClient(session.fetch as never)};
};

// Without `pipelining`, undici 7 opens no second stream before the first has ended.
const oneConnection = {connections: 1, allowH2: true, pipelining: 1_000};

export const undiciHttp2: PeerFactory = () => ({
  package: 'undici',
  client: requestClient(request, new Agent(oneConnection)),
});

export const undici8Http2: PeerFactory = () => ({
  package: 'undici-8',
  client: requestClient(request8 as never, new Agent8(oneConnection) as never),
});

export const gotHttp2: PeerFactory = () => {
  const client = got.extend({http2: true});
  return {package: 'got', client: {json: (url) => client.get(url).json()}};
};

/** Node's own HTTP/2 with nothing on it: what a client on Node can't do without. */
export const nodeHttp2: PeerFactory = () => {
  const sessions = new Map<string, ClientHttp2Session>();
  return {
    client: {
      json(url) {
        const {origin, pathname} = new URL(url);
        let session = sessions.get(origin);
        if (!session) {
          session = connect(origin);
          sessions.set(origin, session);
        }
        const stream = session.request({':path': pathname});
        return new Promise((resolve, reject) => {
          let text = '';
          stream.setEncoding('utf8');
          stream.on('data', (piece: string) => {
            text += piece;
          });
          stream.on('end', () => resolve(JSON.parse(text)));
          stream.on('error', reject);
        });
      },
    },
  };
};
