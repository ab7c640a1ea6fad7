import {Worker} from 'node:worker_threads';
import {onTestFinished} from 'vitest';

const program = `
const {createServer} = require('node:https');
const {parentPort, workerData} = require('node:worker_threads');
const server = createServer(workerData, (request, response) => request.resume().on('end', () => response.end('ok')));
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** Starts a TLS server in a thread of its own, so that it can answer before the event loop of the client takes a turn. */
export async function startWorkerServer(tls: {
  readonly cert: string;
  readonly key: string;
}): Promise<{readonly origin: string}> {
  const worker = new Worker(program, {eval: true, workerData: {...tls}});
  onTestFinished(async () => void (await worker.terminate()));
  const port = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return {origin: `https://127.0.0.1:${port}`};
}
