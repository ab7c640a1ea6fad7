import * as aiofetch from 'aiofetch';
import {axiosFetchPeer} from './axios.ts';
import {kyPeer} from './ky.ts';
import {ofetchPeer} from './ofetch.ts';
import {openapiFetchPeer} from './openapi-fetch.ts';
import type {ClientSettings, FetchPeerFactory, PeerFactory} from './peer.ts';

/** A client on the `fetch` of a session with its default policies, instead of on built-in fetch. */
function onSession(factory: FetchPeerFactory): PeerFactory {
  return (settings: ClientSettings) => {
    const session = aiofetch.createSession({connector: {limit: settings.connections}});
    return factory(settings, session.fetch);
  };
}

export const kyOnSession = onSession(kyPeer);
export const ofetchOnSession = onSession(ofetchPeer);
export const openapiFetchOnSession = onSession(openapiFetchPeer);
export const axiosOnSession = onSession(axiosFetchPeer);
