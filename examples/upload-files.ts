/**
 * Uploads files of any size as a form: read from the disk while they are sent, with a progress bar, and only if the server
 * asks for them.
 *
 *     npm run example upload-files [url]
 */
import {fileURLToPath} from 'node:url';
import {createSession} from 'aiofetch';
import {fileFrom} from 'aiofetch/node';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string, files = [fileURLToPath(import.meta.url)]) {
  await using server = url ? undefined : await serveJson(sizeOf);
  await using session = createSession({timeout: {read: 60_000}});

  const form = new FormData();
  form.append('title', 'Quarterly report');
  for (const path of files) form.append('files', await fileFrom(path, {type: 'text/plain'}));

  let shown = '';
  const answer = await session
    .post(url ?? server?.url ?? '', {
      body: form,
      // The server can answer 401 or 413 before the body is sent.
      expectContinue: true,
      onUploadProgress({percent, transferredBytes, totalBytes}) {
        shown = `${bar(percent)} ${transferredBytes} of ${totalBytes} bytes`;
        console.log(shown);
      },
    })
    .json<{readonly received: number}>();
  console.log(`The server received ${answer.received} bytes`);
  return {received: answer.received, shown};
}

function bar(percent: number): string {
  return '#'.repeat(Math.round(percent * 20)).padEnd(20, '.');
}

async function sizeOf(request: AsyncIterable<Buffer>) {
  let received = 0;
  for await (const chunk of request) received += chunk.length;
  return {received};
}

await runDirectly(import.meta, main);
