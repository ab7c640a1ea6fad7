import {Agent, request} from 'undici-8';
import type {PeerFactory} from './peer.ts';
import {requestClient} from './undici.ts';

/** `undici.request` of the next major version, which isn't the one that aiofetch is built on. */
export const undici8RequestPeer: PeerFactory = ({connections}) => ({
  package: 'undici-8',
  client: requestClient(request as never, new Agent({connections, allowH2: false}) as never),
});
