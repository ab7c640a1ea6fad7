import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import type {Server} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import pLimit from 'p-limit';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {undiciCappedPeer} from './undici-capped.ts';

const servers: Server[] = [];
let urls: string[];

beforeAll(async () => {
  urls = await Promise.all(
    Array.from({length: 8}, async (_, host) => {
      const server = createServer((_request, response) => response.end(JSON.stringify({host})));
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/json`;
    }),
  );
});

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

describe('undici.request with a cap', () => {
  it('never has more sockets than its connections, over all hosts, and gets every answer', async () => {
    const connections = 3;
    let open = 0;
    let most = 0;
    let dialled = 0;
    const onConnected = (message: unknown) => {
      dialled++;
      open++;
      most = Math.max(most, open);
      (message as {socket: Socket}).socket.once('close', () => {
        open--;
      });
    };
    subscribe('undici:client:connected', onConnected);
    try {
      const peer = undiciCappedPeer({connections});
      const json = 'client' in peer ? peer.client.json : undefined;
      const limit = pLimit(connections);
      const order = Array.from({length: 120}, (_, index) => (index * 5 + (index % 3)) % urls.length);
      const answers = await Promise.all(order.map((host) => limit(() => json?.(urls[host] as string))));
      expect(answers).toEqual(order.map((host) => ({host})));
    } finally {
      unsubscribe('undici:client:connected', onConnected);
    }
    expect(dialled).toBeGreaterThan(urls.length);
    expect(most).toBe(connections);
  });
});
