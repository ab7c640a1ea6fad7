import type {Client} from './peer.ts';
import {drain, jsonInit, webStream} from './peer.ts';

interface FetchInit {
  method?: string;
  headers?: Record<string, string>;
  // Each implementation of fetch has types of its own for bodies.
  body?: never;
  duplex?: 'half';
}

interface FetchResponse {
  readonly body: unknown;
  json(): Promise<unknown>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * A client on any `fetch`, with the same calls for all of them.
 *
 * @param base - Options of every request
 */
export function fetchClient(
  fetch: (url: string, init?: FetchInit) => Promise<FetchResponse>,
  base?: FetchInit,
): Client {
  const json = async (url: string) => (await fetch(url, base)).json();
  return {
    json,
    gzip: json,
    post: async (url, value) => (await fetch(url, {...base, ...jsonInit(value)} as FetchInit)).json(),
    bytes: async (url) => (await fetch(url, base)).arrayBuffer(),
    download: async (url) => drain((await fetch(url, base)).body as AsyncIterable<unknown>),
    upload: async (url, bytes) => {
      const body = webStream(bytes) as never;
      return (await fetch(url, {...base, method: 'POST', body, duplex: 'half'})).json();
    },
  };
}
