import {Hono} from 'hono';
import {serveFetch} from '../support/serve-fetch.ts';

/** A part of the API that Scalar's example document describes. Its first answer is that it is busy. */
export function startGalaxy() {
  let isBusy = true;
  const app = new Hono()
    .use(async (context, next) => {
      if (!isBusy) return next();
      isBusy = false;
      return context.json({title: 'Busy', status: 503}, 503, {'retry-after': '0'});
    })
    .get('/planets', ({json, req}) =>
      json({data: [{id: 1, name: 'Mars'}], meta: {limit: Number(req.query('limit')), total: 1}}),
    )
    .post('/planets', async ({json, req}) => json({id: 2, ...(await req.json())}, 201))
    .get('/planets/:planetId', ({json, req}) =>
      req.param('planetId') === '1'
        ? json({id: 1, name: 'Mars', type: 'terrestrial'})
        : json({title: 'Not Found', status: 404, detail: 'No such planet'}, 404),
    );
  return serveFetch(app.fetch);
}
