import type {IncomingMessage, ServerResponse} from 'node:http';
import {json} from 'node:stream/consumers';
import type {Engine} from '../model/settings.ts';
import {readSettings} from '../model/settings.ts';
import {errorRecord} from '../run/error-record.ts';
import {runOnNode} from './node-run.ts';
import type {Runs} from './runs.ts';

/**
 * What the page asks of the dev server:
 * - `POST /api/runs` with settings: a run at the embedded server, told as a target
 * - `GET /api/runs/:id`: what the server has seen of it
 * - `POST /api/runs/:id/session` or `/fetch`: its burst sent from this process, its events as NDJSON
 * - `DELETE` of that: the burst is stopped, and the stream of its events comes to its end
 *
 * @returns whether it was a request for it
 */
export async function answerApi(
  runs: Runs,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const path = /^\/api\/runs(?:\/(?<id>[\w-]+)(?:\/(?<engine>session|fetch))?)?$/.exec(request.url ?? '');
  if (!path) return false;
  const {id, engine} = path.groups as {id?: string; engine?: Engine};
  try {
    if (request.method === 'POST' && id === undefined) {
      answerJson(response, 200, runs.create(readSettings(await json(request))));
      return true;
    }
    const run = id === undefined ? undefined : runs.find(id);
    if (!run) answerJson(response, 404, {message: 'There is no such run'});
    else if (engine === undefined) answerJson(response, 200, run.log.summary());
    else if (request.method === 'POST') await runOnNode(run, engine, response);
    else if (request.method === 'DELETE') {
      run.stop.abort(new DOMException('Stopped by hand', 'AbortError'));
      response.writeHead(204).end();
    } else answerJson(response, 405, {message: 'It is a POST'});
  } catch (error) {
    if (response.headersSent) response.destroy();
    else answerJson(response, 400, errorRecord(error));
  }
  return true;
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, {'content-type': 'application/json', 'cache-control': 'no-store'});
  response.end(JSON.stringify(value));
}
