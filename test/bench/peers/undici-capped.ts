import {Client, request} from 'undici';
import type {PeerFactory} from './peer.ts';

/**
 * `undici.request` with a hard limit over all hosts, which undici has none of: never more sockets than that, and an idle one is
 * closed by hand before another host gets one. The caller bounds the requests.
 */
export const undiciCappedPeer: PeerFactory = ({connections}) => {
  // The clients without a request, the one that has waited longest first.
  const idle = new Map<string, Client>();
  let open = 0;

  async function take(origin: string): Promise<Client> {
    const own = idle.get(origin);
    if (own) {
      idle.delete(origin);
      return own;
    }
    const [oldest] = idle;
    if (open < connections || !oldest) {
      open++;
    } else {
      idle.delete(oldest[0]);
      await oldest[1].destroy();
    }
    return new Client(origin, {pipelining: 1});
  }

  async function give(origin: string, client: Client): Promise<void> {
    if (idle.has(origin)) {
      open--;
      await client.destroy();
    } else {
      idle.set(origin, client);
    }
  }

  return {
    package: 'undici',
    client: {
      async json(url) {
        const {origin} = new URL(url);
        const dispatcher = await take(origin);
        try {
          return await (await request(url, {dispatcher})).body.json();
        } finally {
          await give(origin, dispatcher);
        }
      },
    },
  };
};
