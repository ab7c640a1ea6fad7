import type {Socket} from 'node:net';
import {connect} from 'node:net';
import {Worker} from 'node:worker_threads';
import {onTestFinished} from 'vitest';

const program = `
const {createServer} = require('node:net');
const {parentPort, workerData} = require('node:worker_threads');
const server = createServer();
server.listen({...workerData, backlog: 1}, () => {
  parentPort.postMessage('listening');
  // Nothing is accepted any more.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

/**
 * An address of loopback where a connection attempt gets no answer: somebody listens there who accepts nothing, and whose
 * backlog is full.
 */
export async function startDeafServer(host: string, port: number): Promise<void> {
  const worker = new Worker(program, {eval: true, workerData: {host, port}});
  const fillers: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of fillers) socket.destroy();
    await worker.terminate();
  });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  // A backlog of one is two connections.
  for (let index = 0; index < 2; index++) {
    const socket = connect(port, host).on('error', () => {});
    fillers.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
  }
}
