import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';
import {onTestFinished} from 'vitest';

export interface RedisServer {
  readonly port: number;
  /** Kills the server, as a power failure does, and waits until it is gone. */
  kill(): Promise<void>;
  /** Suspends the server: its connections stay open, and nothing is answered. */
  freeze(): void;
}

/** The version of the redis-server on the PATH; `undefined` without one. */
export const redisVersion = /v=([\d.]+)/.exec(
  spawnSync('redis-server', ['--version'], {encoding: 'utf8'}).stdout ?? '',
)?.[1];

/** Starts a Redis on a loopback port (a free one by default). It stores nothing on disk, and ends with the test. */
export async function startRedis(port?: number): Promise<RedisServer> {
  for (let attempts = 5; ; attempts--) {
    const tried = port ?? (await freePort());
    const child = spawn(
      'redis-server',
      ['--port', String(tried), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      {stdio: ['ignore', 'pipe', 'inherit']},
    );
    const exited = once(child, 'exit');
    const kill = async () => {
      child.kill('SIGKILL');
      await exited;
    };
    onTestFinished(kill);
    const isRunning = await isReady(child);
    // Read on, so that later output doesn't fill the pipe.
    child.stdout.resume();
    if (isRunning) return {port: tried, kill, freeze: () => child.kill('SIGSTOP')};
    // Another process took the port in the meantime.
    if (port !== undefined || attempts === 1) throw new Error(`redis-server did not start on port ${tried}`);
  }
}

async function isReady({stdout}: {readonly stdout: Readable}): Promise<boolean> {
  for await (const line of createInterface(stdout)) {
    if (line.includes('Ready to accept connections')) return true;
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const {port} = server.address() as AddressInfo;
  const closed = once(server, 'close');
  server.close();
  await closed;
  return port;
}
