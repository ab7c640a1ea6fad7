// What a consumer on Node writes, with Node's types and none of a browser's: compiled, not run.
import {Buffer} from 'node:buffer';
import {createReadStream} from 'node:fs';
import {env} from 'node:process';
import {createSession} from 'aiofetch';
import type {UndiciConnectorOptions} from 'aiofetch/undici';
import {undiciConnector} from 'aiofetch/undici';

const options: UndiciConnectorOptions = {
  limit: 50,
  keepAliveTimeout: 60_000,
  connectTimeout: 5_000,
  tls: {ca: [Buffer.from('PEM')], minVersion: 'TLSv1.3'},
};

export async function upload(file: string): Promise<number> {
  await using connector = undiciConnector(options);
  await using session = createSession({connector, auth: {bearer: env['TOKEN'] ?? ''}});
  const {status} = await session.put('https://files.example.com/1', {
    body: createReadStream(file),
    headers: new Headers({'content-type': 'application/octet-stream'}),
    signal: AbortSignal.timeout(60_000),
    redirect: 'error',
  });
  await session.fetch('https://files.example.com/2', {method: 'POST', body: Buffer.from('bytes')});
  return status;
}
