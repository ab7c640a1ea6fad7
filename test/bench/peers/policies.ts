import * as aiofetch from 'aiofetch';
import {fetchClient} from './fetch-client.ts';
import type {PeerFactory} from './peer.ts';
import {policySets} from './policy-sets.ts';

/** A session with one of the policy sets. */
export function policyPeer(name: string): PeerFactory {
  return ({connections}) => {
    const set = policySets[name];
    if (!set) return {unavailable: 'there is none of that name'};
    let session: aiofetch.Session | undefined;
    const fetch = (url: string, init?: RequestInit) => {
      // The session sends credentials to the origin of its base URL only.
      session ??= aiofetch.createSession({
        baseUrl: new URL(url).origin,
        connector: {limit: connections},
        ...set.options(aiofetch, connections),
      });
      return session.fetch(url, init);
    };
    return {package: 'aiofetch', boundsAllHosts: true, client: fetchClient(fetch as never)};
  };
}
