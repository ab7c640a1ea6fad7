import type {Bench, Worker} from '../bench.ts';
import type {RateCommand} from '../protocol.ts';
import type {Case} from './case.ts';
import {allPeers} from './case.ts';

export interface RequestCase {
  readonly name: string;
  readonly title: string;
  readonly column?: string;
  /** The clients that take part. @default all clients */
  readonly peers?: readonly string[];
  readonly ratios?: Case['ratios'];
  /** The server. @default the one of small responses, or the one that takes bodies for `post` and `upload` */
  readonly server?: 'bodyOrigin' | 'secureOrigin' | 'http2Origin';
  readonly concurrency: number;
  readonly operation: RateCommand['operation'];
  readonly path: string;
  readonly value?: unknown;
  readonly expected: unknown;
}

/** A case that sends the same request again and again. */
export function requestCase({
  name,
  title,
  column,
  path,
  server: place,
  peers = allPeers,
  ratios,
  ...request
}: RequestCase): Case {
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
      const takesBody = request.operation === 'post' || request.operation === 'upload';
      const url = server[place ?? (takesBody ? 'bodyOrigin' : 'origin')] + path;
      // A client that is warm for one server has yet to connect to another.
      const kind = `${request.operation} ${new URL(url).origin}`;
      const command: RateCommand = {task: 'rate', url, ramp, window, ...request};
      const turn = (worker: Worker, measured: RateCommand) => ({
        label: worker.label,
        measure: () => worker.measure(measured),
      });
      const workers = (await Promise.all(peers.map((peer) => bench.worker(peer)))).filter(
        (worker) => worker !== undefined,
      );
      const cold = workers.filter(({warm}) => !warm.has(kind));
      const warmed = await bench.interleave(
        `${title}, warm-up`,
        1,
        cold.map((worker) => turn(worker, {...command, concurrency: 64, ramp: 0, window: warmUp})),
      );
      for (const {label, warm} of cold) {
        if (warmed.some((row) => row.label === label)) warm.add(kind);
      }
      return bench.interleave(
        title,
        rounds,
        workers.filter(({warm}) => warm.has(kind)).map((worker) => turn(worker, command)),
      );
    },
  };
}
