import type {IncomingMessage, ServerResponse} from 'node:http';
import {json} from 'node:stream/consumers';
import type {Engine} from '../model/settings.ts';
import {readSettings} from '../model/settings.ts';
import {errorRecord} from '../run/error-record.ts';
import {runOnNode} from './node-run.ts';
import type {Runs} from './runs.ts';

/**
 * Answers the requests of the page to the dev server:
 * - `POST /api/runs` with settings creates a run at the embedded server, and answers with its target
 * - `GET /api/runs/:id` answers with what the server has recorded of it
 * - `POST /api/runs/:id/session` or `/fetch` sends its burst from this process, and answers with its events as NDJSON
 * - `DELETE` of the same stops the burst, which ends the stream of its events
 *
 * @returns whether the request was one of these
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
    if (!run) answerJson(response, 404, {message: 'No run has this id'});
    else if (engine === undefined) answerJson(response, 200, run.log.summary());
    else if (request.method === 'POST') await runOnNode(run, engine, response);
    else if (request.method === 'DELETE') {
      run.stop.abort(new DOMException('The user stopped the run', 'AbortError'));
      response.writeHead(204).end();
    } else answerJson(response, 405, {message: 'Only POST and DELETE are allowed here'});
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
