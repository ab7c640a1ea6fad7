import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {connect, createServer} from 'node:net';
import {tmpdir, userInfo} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {large, listGzip, smallText} from './contents.ts';

export interface Nginx {
  readonly version: string;
  readonly origin: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** How long nginx may take to start, in ms. */
const patience = 3_000;

/** Starts nginx as one process on a free loopback port, with all its files in a temporary folder; `undefined` where it isn't installed. */
export async function startNginx(): Promise<Nginx | undefined> {
  const {error, stderr} = spawnSync('nginx', ['-v'], {encoding: 'utf8'});
  if (error) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'aiofetch-bench-'));
  const port = await freePort();
  writeFileSync(join(folder, 'large'), large);
  writeFileSync(join(folder, 'gzip'), listGzip);
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port));
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const closed = once(child, 'close');
  const stop = async () => {
    child.kill();
    await closed;
    rmSync(folder, {recursive: true, force: true});
  };
  const deadline = Date.now() + patience;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      return undefined;
    }
    await delay(20);
  }
  const version = /nginx\/([\d.]+)/.exec(stderr)?.[1] ?? 'of unknown version';
  return {version, origin: `http://127.0.0.1:${port}`, pid: child.pid as number, stop};
}

function configuration(folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n  ');
  return `
daemon off;
master_process off;
pid ${folder}/pid;
${process.getuid?.() === 0 ? `user ${userInfo().username};` : ''}
events {
  worker_connections 8192;
  multi_accept on;
}
http {
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  tcp_nodelay on;
  sendfile on;
  open_file_cache max=10;
  open_file_cache_valid 1h;
  ${temporary}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder};
    location = /json {
      default_type application/json;
      return 200 '${smallText}';
    }
    location = /gzip {
      default_type application/json;
      add_header content-encoding gzip;
    }
    location = /large {
      default_type application/octet-stream;
    }
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
