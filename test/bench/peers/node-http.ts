import type {IncomingMessage, RequestOptions} from 'node:http';
import {Agent, request} from 'node:http';
import type {Readable} from 'node:stream';
import {gunzipSync} from 'node:zlib';
import type {PeerFactory} from './peer.ts';
import {drain, jsonInit, nodeStream} from './peer.ts';

export const nodeHttp: PeerFactory = ({connections}) => {
  const agent = new Agent({keepAlive: true, maxSockets: connections});

  function send(
    url: string,
    options: RequestOptions = {},
    body?: string | Readable,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request(url, {...options, agent}, resolve);
      outgoing.on('error', reject);
      if (typeof body === 'object') body.pipe(outgoing);
      else outgoing.end(body);
    });
  }

  const parse = async (message: IncomingMessage) =>
    JSON.parse((await collect(message)).toString()) as unknown;

  return {
    client: {
      json: async (url) => parse(await send(url)),
      gzip: async (url) => {
        const message = await send(url, {headers: {'accept-encoding': 'gzip'}});
        return JSON.parse(gunzipSync(await collect(message)).toString());
      },
      post: async (url, value) => {
        const {method, headers, body} = jsonInit(value);
        return parse(await send(url, {method, headers}, body));
      },
      bytes: async (url) => collect(await send(url)),
      download: async (url) => drain(await send(url)),
      upload: async (url, bytes) => parse(await send(url, {method: 'POST'}, nodeStream(bytes))),
    },
  };
};

function collect(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => resolve(Buffer.concat(chunks)));
    message.on('error', reject);
  });
}
