import type {Bench} from '../bench.ts';
import type {BatchCommand} from '../protocol.ts';
import {formatCount} from '../report.ts';
import type {Case} from './case.ts';
import {allPeers} from './case.ts';

// A session bounds its connections over all hosts. Beside it, each client as it is, and undici with such a bound made by hand.
const variants: Readonly<Record<string, readonly string[]>> = {
  'session.fetch': ['session.fetch, limit: Infinity'],
  'undici.request': ['undici.request with a cap'],
};
// httpx would take minutes: the cost of a queued request grows with the length of its queue.
const crawlers = allPeers
  .filter((peer) => peer !== 'httpx')
  .flatMap((peer) => [peer, ...(variants[peer] ?? [])]);

/** More hosts than connections, and far more requests than connections. */
const hosts: Case = {
  name: 'hosts',
  title: ({hostsQueued, connections}) =>
    `GET of a small JSON, ${formatCount(hostsQueued)} queued for 1,000 hosts, ${connections} at once`,
  unit: 'request',
  ratios: [
    {against: 'fetch', by: 'rate'},
    {against: 'undici.request', by: 'rate'},
    {against: 'undici.request with a cap', by: 'rate'},
    {against: 'undici.request with a cap', by: 'cpu'},
  ],
  async run(bench: Bench) {
    const {settings, server} = bench;
    const urls = server.hosts.map((origin) => `${origin}/json`);
    const command: BatchCommand = {task: 'batch', urls, count: settings.hostsQueued, repeat: 1};
    const turns = crawlers.map((label) => ({
      label,
      // A new process each time, so that no connections are left for the next measurement.
      measure: () => bench.once(label, command, {...command, count: settings.hostsQueued / 5}),
    }));
    return bench.interleave(this.title(settings), settings.longRounds, turns);
  },
};

const queuers = ['session.fetch', 'undici.request'];
const shortQueue = 1_000;

/** The same number of requests to one host, in small batches and in one large batch. */
const queue: Case = {
  name: 'queue',
  title: ({connections}) =>
    `GET of a small JSON, one host on ${connections} connections: the cost of a long queue`,
  unit: 'request',
  ratios: [],
  async run(bench: Bench) {
    const {settings, server} = bench;
    const {longQueue, longRounds} = settings;
    const turns = [];
    for (const peer of queuers) {
      for (const count of [shortQueue, longQueue]) {
        const repeat = longQueue / count;
        const command: BatchCommand = {task: 'batch', urls: [`${server.origin}/json`], count, repeat};
        const warmUp = {...command, count: shortQueue, repeat: 5};
        turns.push({
          label: `${peer}, ${formatCount(count)} queued`,
          measure: () => bench.once(peer, command, warmUp),
        });
      }
    }
    return bench.interleave(this.title(settings), longRounds, turns);
  },
};

export const queueCases: readonly Case[] = [hosts, queue];
