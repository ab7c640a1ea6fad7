import createClient from 'openapi-fetch';
import {Agent} from 'undici';
import type {FetchPeerFactory} from './peer.ts';

type Paths = Record<string, {get: Operation; post: Operation & {requestBody: {content: Json}}}>;
type Json = {'application/json': unknown};
type Operation = {responses: {200: {content: Json}}};

/** openapi-fetch, with a client for each origin. */
export const openapiFetchPeer: FetchPeerFactory = ({connections}, fetch) => {
  const options = fetch ? {fetch} : {requestInitExt: {dispatcher: new Agent({connections})}};
  const clients = new Map<string, ReturnType<typeof createClient<Paths>>>();
  const places = new Map<
    string,
    {readonly client: ReturnType<typeof createClient<Paths>>; readonly path: string}
  >();
  const at = (url: string) => {
    let place = places.get(url);
    if (!place) {
      const {origin, pathname} = new URL(url);
      const client = clients.get(origin) ?? createClient<Paths>({baseUrl: origin, ...options});
      clients.set(origin, client);
      place = {client, path: pathname};
      places.set(url, place);
    }
    return place;
  };
  const json = async (url: string) => {
    const {client, path} = at(url);
    return (await client.GET(path)).data;
  };
  return {
    package: 'openapi-fetch',
    client: {
      json,
      gzip: json,
      async post(url, value) {
        const {client, path} = at(url);
        return (await client.POST(path, {body: value as never})).data;
      },
      async bytes(url) {
        const {client, path} = at(url);
        return (await client.GET(path, {parseAs: 'arrayBuffer'})).data as ArrayBuffer;
      },
    },
  };
};
