import type {Bench} from '../bench.ts';
import type {TransferCommand} from '../protocol.ts';
import {formatCount} from '../report.ts';
import type {Case} from './case.ts';

// ky and ofetch hand out the streams of built-in fetch.
const downloaders = [
  'session.fetch',
  'iterChunks',
  'iterChunks of 65536',
  'undici.request',
  'fetch',
  'undici.fetch',
  'node:http',
  'axios',
  'got',
  'aiohttp',
  'httpx',
];
const uploaders = downloaders.filter((peer) => !peer.startsWith('iterChunks'));

/** One large body in a new process each time, so that the peak of memory is that of this body. */
function transferCase(
  direction: TransferCommand['direction'],
  kind: string,
  how: string,
  peers: readonly string[],
): Case {
  return {
    name: direction,
    title: ({transfer}) => `${kind} of ${formatCount(transfer / 2 ** 20)} MiB${how}`,
    unit: 'byte',
    ratios: [
      {against: 'fetch', by: 'rate'},
      {against: 'fetch', by: 'cpu'},
      {against: 'undici.request', by: 'cpu'},
    ],
    async run(bench: Bench) {
      const {settings, server} = bench;
      const command: TransferCommand = {
        task: 'transfer',
        direction,
        origin: server.bodyOrigin,
        bytes: settings.transfer,
      };
      const turns = peers.map((label) => ({
        label,
        measure: () => bench.once(label, command),
      }));
      return bench.interleave(this.title(settings), settings.longRounds, turns);
    },
  };
}

export const transferCases: readonly Case[] = [
  transferCase('download', 'Download', ', chunk by chunk', downloaders),
  transferCase('upload', 'Upload', ' from a stream', uploaders),
];
