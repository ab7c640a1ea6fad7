import {Agent} from 'undici';
import {fetchClient} from './fetch-client.ts';
import type {PeerFactory} from './peer.ts';

/**
 * Built-in fetch with as many connections as the other clients. The dispatcher is an option of each request, because a replaced
 * global dispatcher would apply to the sessions in the same process as well.
 */
export const builtInFetch: PeerFactory = ({connections}) => ({
  client: fetchClient(fetch as never, {dispatcher: new Agent({connections})} as never),
});
