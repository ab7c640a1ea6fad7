import {asBytes, asText} from '../../client/content.ts';
import {asForm, asMultipart} from '../../client/content-form.ts';
import {asEvents, asNdjson} from '../../client/content-sequence.ts';
import {defineClient, endpoint, paginate} from '../../client/index.ts';
import {linkPages} from '../../client/page-strategies.ts';
import {type} from '../../client/schema.ts';
import {equal, instance, ok, rejection, same, typedRejection} from '../assert.ts';
import type {Case, Topic} from '../case.ts';
import {textOf} from '../echo.ts';
import type {Room} from '../room.ts';
import type {Echo} from '../server-address.ts';

interface Asked {
  readonly room: string;
  readonly [name: string]: unknown;
}

const query = type<Asked>();
const echo = type<Echo>();
const json = 'application/json';

const define = defineClient({
  get: endpoint('GET /{path}', {query, response: echo}),
  status: {
    json: endpoint('GET /status', {query, response: type<unknown>(), errors: {422: type<{field: string}>()}}),
    text: endpoint('GET /status', {query, response: asText()}),
    lines: endpoint('GET /status', {query, response: asNdjson(type<{a: number}>())}),
    events: endpoint('GET /status', {query, response: asEvents(type<{a: number}>(), {end: '[DONE]'})}),
    pages: paginate(endpoint('GET /status', {query, response: type<number[]>()}), linkPages()),
  },
  bytes: endpoint('GET /bytes', {query, response: asBytes()}),
  post: {
    json: endpoint('POST /echo', {query, body: type<unknown>(), response: echo}),
    form: endpoint('POST /echo', {query, body: asForm(type<object>()), response: echo}),
    multipart: endpoint('POST /echo', {query, body: asMultipart(type<object>()), response: echo}),
    text: endpoint('POST /echo', {query, body: asText(), response: echo}),
  },
  stall: endpoint('GET /stall', {query}),
});

/** Checks that typed clients work over the connector. */
export const clients: Topic = (it) => {
  it('a typed call puts parameters into the path, and writes the query', async (given) => {
    const client = open(given);
    const text = 'a b&c=d/é';
    const {url, method} = await client.get({
      path: {path: 'echo'},
      query: {...at(given.room), text, list: [1, 2]},
    });
    equal(method, 'GET', 'method');
    const {searchParams} = new URL(url, 'http://localhost');
    equal(searchParams.get('text'), text, 'what arrived');
    same(searchParams.getAll('list'), ['1', '2'], 'the list that arrived');
  });

  it('a path parameter cannot leave its segment', async (given) => {
    const client = open(given);
    for (const path of ['..', '.', ''])
      instance(await rejection(client.get({path: {path}, query: at(given.room)}), 'get'), TypeError);
    const error = client.get({path: {path: 'a/../echo'}, query: at(given.room)});
    await typedRejection(error, 'get', {name: 'HTTPError', status: 404});
  });

  it('a typed call sends JSON, forms and text', async (given) => {
    const client = open(given);
    const sent = at(given.room);
    const asJson = await client.post.json({query: sent, body: {a: ['é', null]}});
    same([contentType(asJson), textOf(asJson)], [json, '{"a":["é",null]}'], 'JSON that arrived');
    const asFields = await client.post.form({query: sent, body: {a: '1 2', b: ['x', 'y']}});
    same(
      [contentType(asFields), textOf(asFields)],
      ['application/x-www-form-urlencoded', 'a=1%202&b=x&b=y'],
      'form that arrived',
    );
    const parts = await client.post.multipart({query: sent, body: {a: 1, file: new Blob(['content'])}});
    equal(contentType(parts), 'multipart/form-data', 'type of the form');
    const body = textOf(parts);
    ok(body.includes('name="a"') && body.includes('content'), 'its field and its file');
    const asPlain = await client.post.text({query: sent, body: 'é'});
    same([contentType(asPlain), textOf(asPlain)], ['text/plain', 'é'], 'text that arrived');
  });

  it('a typed call reads JSON, text and bytes', async (given) => {
    const {status, bytes} = open(given);
    same(await status.json({query: {...at(given.room), type: json, text: '{"a":1}'}}), {a: 1}, 'JSON');
    equal(await status.text({query: {...at(given.room), text: 'é'}}), 'é', 'text');
    equal((await bytes({query: {...at(given.room), size: 70_000}})).length, 70_000, 'number of bytes');
    const {response} = await status.json.withResponse({
      query: {...at(given.room), type: json, text: 'null', code: 202},
    });
    equal(response.status, 202, 'status');
  });

  it('a typed call reads NDJSON and events while they arrive', async (given) => {
    const {lines, events} = open(given).status;
    const values: number[] = [];
    for await (const {a} of await lines({query: {...at(given.room), text: '{"a":1}\n{"a":2}\n'}}))
      values.push(a);
    const text = 'data: {"a":3}\n\ndata: {"a":4}\n\ndata: [DONE]\n\n';
    for await (const {data} of await events({query: {...at(given.room), type: 'text/event-stream', text}}))
      values.push(data.a);
    same(values, [1, 2, 3, 4], 'what was read');
  });

  it('a typed call rejects with the declared error of a status, and its data', async (given) => {
    const {status} = open(given);
    const asked = {...at(given.room), type: json, code: 422, text: '{"field":"name"}'};
    const error = await rejection(status.json({query: asked}), 'json()');
    ok(status.json.isError(error), 'an error of the endpoint');
    same([error.status, error.data.field], [422, 'name'], 'its status and data');
    const other = await rejection(status.json({query: {...asked, code: 404}}), 'json()');
    ok(!status.json.isError(other), 'one that is not declared');
    const {status: code} = await status.json.raw({query: asked});
    equal(code, 422, 'status of the raw response');
  });

  it('a paginated call goes through all pages, and prefetches as many as prefetch says', async (given) => {
    const {pages} = open(given).status;
    const {room} = given;
    const last = room.url('/status', {type: json, text: '[5]'});
    const second = room.url('/status', {type: json, text: '[3,4]', header: `link:<${last}>; rel="next"`});
    const asked = {...at(room), type: json, text: '[1,2]', header: `link:<${second}>; rel="next"`};
    for (const prefetch of [0, 2]) {
      const items: number[] = [];
      for await (const item of pages({query: asked, prefetch})) items.push(item);
      same(items, [1, 2, 3, 4, 5], 'items');
    }
    const page = await pages({query: asked});
    same([page.items, page.hasNext, (await page.next())?.items], [[1, 2], true, [3, 4]], 'pages one by one');
  });

  it('a typed call ends at its timeout and at the abort of its signal', async (given) => {
    const {stall} = open(given);
    await typedRejection(stall({query: at(given.room), timeout: 50}), 'stall', {
      name: 'TimeoutError',
      phase: 'total',
    });
    const controller = new AbortController();
    const rejected = rejection(stall({query: at(given.room), signal: controller.signal}), 'stall');
    const reason = new Error('The caller has its reasons');
    controller.abort(reason);
    equal(await rejected, reason, 'what it rejects with');
  });
};

function open({open: openSession, room}: Case) {
  return define(openSession({baseUrl: room.server.origins[0]}));
}

/** The query that names the room of the server. */
function at(room: Room): Asked {
  const asked = Object.fromEntries(new URL(room.url('/')).searchParams);
  return {...asked, room: room.name};
}

function contentType({headers}: Echo): string | undefined {
  return headers['content-type']?.split(';', 1)[0];
}
