import {createHash} from 'node:crypto';
import {expect, test} from 'vitest';
import {main as adaptiveLimit} from '../../examples/adaptive-limit.ts';
import {main as apiClient} from '../../examples/api-client.ts';
import {main as boundedConcurrency} from '../../examples/bounded-concurrency.ts';
import {main as closedSession} from '../../examples/closed-session.ts';
import {main as crawlerLoop} from '../../examples/crawler-loop.ts';
import {main as followEvents} from '../../examples/follow-events.ts';
import {main as logIn} from '../../examples/log-in.ts';
import {main as manyAtOnce} from '../../examples/many-at-once.ts';
import {main as oneRequest} from '../../examples/one-request.ts';
import {main as pooledConnector} from '../../examples/pooled-connector.ts';
import {main as presets} from '../../examples/presets.ts';
import {main as rateLimitedClient} from '../../examples/rate-limited-client.ts';
import {main as resumeDownload} from '../../examples/resume-download.ts';
import {main as streamLargeFile} from '../../examples/stream-large-file.ts';
import {serveJson} from '../../examples/support/local-server.ts';
import {main as tailNdjson} from '../../examples/tail-ndjson.ts';
import {main as testingWithMock} from '../../examples/testing-with-mock.ts';
import {main as testingWithMsw} from '../../examples/testing-with-msw.ts';
import {main as timeouts} from '../../examples/timeouts.ts';
import {main as uploadFiles} from '../../examples/upload-files.ts';
import {expectPrinting} from '../support/printed.ts';

expectPrinting();

test('one request gives status, text and JSON', async () => {
  expect(await oneRequest()).toEqual({status: 200, text: '{"hello":"world"}', value: {hello: 'world'}});
});

test('one request can go to a URL of your own', async () => {
  await using server = await serveJson(() => ({my: 'own'}));
  expect(await oneRequest(server.url)).toMatchObject({status: 200, text: '{"my":"own"}'});
});

test('many requests at once open no more connections than the limit, and reuse them', async () => {
  const {texts, opened, reused} = await manyAtOnce();
  expect(texts).toEqual(Array(400).fill('{"slow":true}'));
  expect(opened).toBe(50);
  expect(reused).toBe(350);
});

test('an adaptive limit settles at what a server bears before it refuses requests', async () => {
  const {requests, retries, limit} = await adaptiveLimit();
  expect(requests).toBe(2_000);
  expect(limit).toBeLessThanOrEqual(48);
  expect(retries).toBeLessThan(1_000);
});

test('sessions can share one connector', async () => {
  const {limit, limitPerHost, totals} = await pooledConnector();
  expect({limit, limitPerHost}).toEqual({limit: 100, limitPerHost: 30});
  expect(totals).toMatchObject({sent: 4, opened: 1, reused: 3});
});

test('the API client example gets two resources at once, and creates a third', async () => {
  expect(await apiClient()).toEqual({
    user: {name: 'Python'},
    repos: [{id: 1}, {id: 2}],
    created: {id: 3},
  });
});

test('gather and a pool each bound how many calls run at once', async () => {
  expect(await boundedConcurrency()).toEqual({byGather: 10, byPool: 10});
});

test('a call on a closed session fails with ERR_SESSION_CLOSED', async () => {
  expect(await closedSession()).toBe('ERR_SESSION_CLOSED');
});

test('a login by form lasts as long as its cookies, in a later run too', async () => {
  expect(await logIn()).toEqual({
    orders: ['tea', 'biscuits'],
    sameOrders: ['tea', 'biscuits'],
    statusAfterLogout: 403,
  });
});

test('each preset gives its pool the limits of its situation', async () => {
  expect(await presets()).toEqual({highConcurrency: 10, longLived: 10, restrictedApi: 1});
});

test('a TimeoutError names the part of the request that took too long', async () => {
  expect(await timeouts()).toEqual(['read', 'total', 'attempt']);
});

test('the crawler loop gives pages and errors as results, in order', async () => {
  const pages = await crawlerLoop();
  expect(pages).toEqual([
    {url: expect.stringMatching(/a$/), status: 200, content: '{"url":"/a"}'},
    {url: expect.stringMatching(/b$/), status: 200, content: '{"url":"/b"}'},
    {url: expect.stringMatching(/missing$/), status: 404, content: '{"url":"/missing"}'},
    {url: expect.stringMatching(/stuck$/), error: expect.stringContaining('TimeoutError')},
  ]);
});

test('the rate-limited client retries a 429, and gives a permanent failure as a result', async () => {
  const {results, succeeded, attempts, retries} = await rateLimitedClient();
  expect(results.slice(0, 9)).toEqual(
    Array.from({length: 9}, (_, index) => ({status: 'fulfilled', value: {url: `/${index}`}})),
  );
  expect(results[9]).toMatchObject({status: 'rejected', reason: {name: 'HTTPError', status: 404}});
  expect(succeeded).toBe(9);
  expect(retries).toBeGreaterThan(0);
  expect(attempts).toBe(10 + retries);
});

test('code that uses a session can be tested with the mock, or unchanged with msw', async () => {
  expect(await testingWithMock()).toHaveLength(5);
  expect(await testingWithMsw()).toHaveLength(4);
});

test('a large file is processed chunk by chunk', async () => {
  const digest = createHash('sha256')
    .update(`"${'x'.repeat(10_000_000)}"`)
    .digest('hex');
  expect(await streamLargeFile()).toEqual({size: 10_000_002, digest});
});

test('a download resumes where it broke off, also in a later attempt', async () => {
  const {size, resumedFrom, requests, last} = await resumeDownload();
  expect(size).toBe(20_000_000);
  expect(resumedFrom).toBeGreaterThan(0);
  expect(requests).toBeGreaterThan(2);
  expect(last).toBe(`${'█'.repeat(40)} 100 % of 20 MB`);
});

test('a feed is read line by line until the reader leaves it', async () => {
  expect(await tailNdjson()).toEqual([
    {time: 1, level: 'info', text: 'entry 1'},
    {time: 2, level: 'error', text: 'entry 2'},
    {time: 3, level: 'info', text: 'entry 3'},
    {time: 4, level: 'error', text: 'entry 4'},
  ]);
});

test('events are followed over several connections', async () => {
  const {data, reconnections, lastEventId} = await followEvents();
  expect(data).toEqual(['event 1', 'event 2', 'event 3', 'event 4', 'event 5']);
  expect(reconnections).toBe(2);
  expect(lastEventId).toBe('5');
});

test('files are uploaded from the disk, with a progress bar that reaches its end', async () => {
  const {received, shown} = await uploadFiles();
  expect(received).toBeGreaterThan(1_000);
  expect(shown).toBe(`${'#'.repeat(20)} ${received} of ${received} bytes`);
});
