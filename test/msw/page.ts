// Runs in a page: reports to the server what a session gets while a service worker of msw answers.
import {createSession} from 'aiofetch';
import {HttpResponse, http, passthrough} from 'msw';
import {setupWorker} from 'msw/browser';

const worker = setupWorker(
  http.get('/users/:id', ({params}) => HttpResponse.json({id: params['id']})),
  http.post('/users', async ({request}) => HttpResponse.json({body: await request.json()})),
  http.get('/missing', () => HttpResponse.json({reason: 'none'}, {status: 404})),
  http.get('/fails', () => HttpResponse.error()),
  http.get('/real', () => passthrough()),
);

async function look(): Promise<unknown> {
  // The session resolves URLs on the page, and is made before the worker starts to intercept.
  const session = createSession({retry: false});
  const before = await session.get('real').text();
  await worker.start({quiet: true, onUnhandledFrame: 'bypass'});
  const seen = {
    before,
    verb: await session.get('users/1').json(),
    fetch: await (await session.fetch('/users/2')).json(),
    body: await session.post('users', {json: {name: 'Ada'}}).json(),
    missing: await failure(session.get('missing')),
    failed: await failure(session.get('fails')),
    passedThrough: await session.get('real').text(),
    unhandled: await session.get('other').text(),
  };
  await worker.stop();
  const after = await session.get('users/1').text();
  const {connector, active, totals} = session.stats();
  await session.close();
  return {...seen, after, connector, active, sent: totals.sent};
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    const {name, status, data} = error as Error & {status?: number; data?: unknown};
    return {name, status, data};
  }
}

const report = await look().catch((error: Error) => ({error: `${error.message}\n${error.stack}`}));
await fetch('/report', {method: 'POST', body: JSON.stringify(report)});
