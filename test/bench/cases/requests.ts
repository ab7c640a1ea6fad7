import type {Bench, Worker} from '../bench.ts';
import {document, largeSize, list, small} from '../contents.ts';
import type {RateCommand} from '../protocol.ts';
import type {Case} from './case.ts';
import {allPeers} from './case.ts';

interface RequestCase {
  readonly name: string;
  readonly title: string;
  readonly column?: string;
  /** The clients that take part. @default all clients */
  readonly peers?: readonly string[];
  readonly ratios?: Case['ratios'];
  readonly concurrency: number;
  readonly operation: RateCommand['operation'];
  readonly path: string;
  readonly value?: unknown;
  readonly expected: unknown;
}

/** A case that sends the same request again and again. */
function requestCase({name, title, column, path, peers = allPeers, ratios, ...request}: RequestCase): Case {
  return {
    name,
    title: () => title,
    ...(column !== undefined && {column}),
    unit: 'request',
    ratios: ratios ?? [
      {against: 'fetch', by: 'rate'},
      {against: 'undici.request', by: 'rate'},
    ],
    async run(bench: Bench) {
      const {settings, server} = bench;
      const {ramp, window, warmUp, rounds} = settings;
      // nginx answers a POST before it has read the body, which makes some clients close the connection.
      const takesBody = request.operation === 'post';
      const url = (takesBody ? server.bodyOrigin : server.origin) + path;
      const command: RateCommand = {task: 'rate', url, ramp, window, ...request};
      const turn = (worker: Worker, measured: RateCommand) => ({
        label: worker.label,
        measure: () => worker.measure(measured),
      });
      const workers = (await Promise.all(peers.map((peer) => bench.worker(peer)))).filter(
        (worker) => worker !== undefined,
      );
      const cold = workers.filter(({warm}) => !warm.has(request.operation));
      const warmed = await bench.interleave(
        `${title}, warm-up`,
        1,
        cold.map((worker) => turn(worker, {...command, concurrency: 64, ramp: 0, window: warmUp})),
      );
      for (const {label, warm} of cold) {
        if (warmed.some((row) => row.label === label)) warm.add(request.operation);
      }
      return bench.interleave(
        title,
        rounds,
        workers.filter(({warm}) => warm.has(request.operation)).map((worker) => turn(worker, command)),
      );
    },
  };
}

const get = {operation: 'json', path: '/json', expected: small} as const;

export const requestCases: readonly Case[] = [
  requestCase({
    name: 'get-1',
    title: 'GET of a small JSON, 1 at once',
    column: 'GET, 1 at once',
    concurrency: 1,
    ...get,
  }),
  requestCase({
    name: 'get-64',
    title: 'GET of a small JSON, 64 at once',
    column: 'GET, 64 at once',
    concurrency: 64,
    ...get,
  }),
  requestCase({
    name: 'get-512',
    title: 'GET of a small JSON, 512 at once on 64 connections',
    column: 'GET, 512 at once',
    concurrency: 512,
    ...get,
  }),
  requestCase({
    name: 'post',
    title: 'POST of a 1 kB JSON, 64 at once',
    column: 'POST 1 kB',
    concurrency: 64,
    operation: 'post',
    path: '/json',
    value: document,
    expected: small,
  }),
  requestCase({
    name: 'large',
    title: 'GET of 100 kB, 64 at once',
    column: 'GET 100 kB',
    concurrency: 64,
    operation: 'bytes',
    path: '/large',
    expected: largeSize,
  }),
  requestCase({
    name: 'gzip',
    title: 'GET of a 10 kB JSON in gzip, 64 at once',
    column: 'GET gzip',
    concurrency: 64,
    operation: 'gzip',
    path: '/gzip',
    expected: list,
  }),
  requestCase({
    name: 'tracing',
    title: 'GET of a small JSON, 64 at once: no trace listener, a listener of one signal, `recordTimings`',
    concurrency: 64,
    peers: ['session.fetch', 'session.fetch, one signal', 'session.fetch, timings'],
    ratios: [
      {against: 'session.fetch', by: 'rate'},
      {against: 'session.fetch', by: 'cpu'},
    ],
    ...get,
  }),
];
