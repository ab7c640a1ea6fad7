import {expect, test} from 'vitest';
import {main as auth} from '../../examples/auth.ts';
import {main as generatedClient} from '../../examples/generated-client.ts';
import {main as withHono} from '../../examples/with-hono.ts';
import {main as withKy} from '../../examples/with-ky.ts';
import {main as withOpenapiFetch} from '../../examples/with-openapi-fetch.ts';
import {expectPrinting} from '../support/printed.ts';

expectPrinting();

const mars = {id: 1, name: 'Mars', type: 'terrestrial'};

test('the auth example gets, shares and replaces tokens, and answers a digest challenge', async () => {
  expect(await auth()).toEqual({names: ['Ada', 'Ada', 'Ada'], issued: 2, camera: {recording: true}});
});

test('a client generated from a document has the names, types and errors of the document', async () => {
  expect(await generatedClient()).toEqual({
    mars,
    meta: {limit: 10, total: 1},
    created: {id: 2, name: 'Kepler-22b'},
    missing: 'No such planet',
  });
});

test('openapi-fetch sends over a session, which retries where a server is busy', async () => {
  expect(await withOpenapiFetch()).toEqual({
    planet: mars,
    error: {title: 'Not Found', status: 404, detail: 'No such planet'},
    created: {id: 2, name: 'Kepler-22b', type: 'terrestrial'},
    retries: 1,
    opened: 1,
  });
});

test('ky sends over a session, which retries where a server is busy', async () => {
  const created = {id: 2, name: 'Kepler-22b'};
  expect(await withKy()).toEqual({planet: mars, created, missing: 404, retries: 1, opened: 1});
});

test('a client of Hono sends over a session, with the types of its server', async () => {
  expect(await withHono()).toEqual({name: 'Ada', created: {id: '2', name: 'Grace'}, opened: 1});
});
