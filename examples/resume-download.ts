/**
 * A download with a progress bar that resumes where it broke off: after cut connections, and in a later attempt, which
 * may be in another process.
 *
 *     npm run example resume-download [url]
 */
import {mkdtemp, rm} from 'node:fs/promises';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {DownloadProgress} from 'aiofetch';
import {createSession} from 'aiofetch';
import {downloadTo} from 'aiofetch/node';
import {serve} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  const file = Buffer.alloc(20_000_000, 'What is downloaded. ');
  let requests = 0;
  await using server = url
    ? undefined
    : await serve((request, response) => sendBadly(file, requests++, request, response));
  await using session = createSession({retry: false});
  const folder = await mkdtemp(join(tmpdir(), 'aiofetch-example-'));
  const target = join(folder, 'large.bin');
  const source = url ?? server?.url ?? '';

  let last = '';
  const onDownloadProgress = (progress: DownloadProgress) => {
    const bar = barOf(progress);
    if (bar === last) return;
    last = bar;
    if (process.stdout.isTTY) process.stdout.write(`\r${bar}`);
  };
  try {
    // The first attempt is aborted here. The next one resumes in the same way after a crash or Ctrl-C.
    const controller = new AbortController();
    const interrupt = ({transferredBytes}: DownloadProgress) => {
      if (transferredBytes > 8_000_000) controller.abort(new Error('Interrupted'));
    };
    await downloadTo(session, source, target, {
      signal: controller.signal,
      onDownloadProgress: interrupt,
    }).catch(({message}: Error) => console.log(message));
    const {size, resumedFrom} = await downloadTo(session, source, target, {onDownloadProgress});
    console.log(`${last === '' ? '' : '\n'}${size} bytes, ${resumedFrom} of them from the first attempt`);
    return {size, resumedFrom, requests, last};
  } finally {
    await rm(folder, {recursive: true});
  }
}

function barOf({percent, totalBytes}: DownloadProgress): string {
  const done = Math.floor(percent * 40);
  return `${'█'.repeat(done)}${'░'.repeat(40 - done)} ${Math.floor(percent * 100)} % of ${Math.round(totalBytes / 1e6)} MB`;
}

/** Sends the requested range, and cuts the connection in the middle of every second one. */
function sendBadly(file: Buffer, count: number, {headers}: IncomingMessage, response: ServerResponse): void {
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const start = Number(first);
  const end = last === '' ? file.length : Math.min(Number(last) + 1, file.length);
  response.writeHead(206, {
    etag: '"1"',
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${file.length}`,
  });
  if (count % 2 === 0) response.end(file.subarray(start, end));
  else response.write(file.subarray(start, (start + end) >> 1), () => response.socket?.end());
}

await runDirectly(import.meta, main);
