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
  // Blocks the thread, so that it accepts no connection any more.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

/**
 * Makes a loopback address where a connection attempt gets no answer: a server listens there, accepts nothing, and has a full
 * backlog.
 */
export async function startDeafServer(host: string, port: number): Promise<void> {
  const worker = new Worker(program, {eval: true, workerData: {host, port}});
  const fillers: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of fillers) socket.destroy();
    await worker.terminate();
  });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  // Linux lets two connections into a backlog of one.
  for (let index = 0; index < 2; index++) {
    const socket = connect(port, host).on('error', () => {});
    fillers.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
  }
}
