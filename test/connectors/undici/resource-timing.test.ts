import {gzipSync} from 'node:zlib';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {startServer} from '../../support/http-server.ts';
import {openSession} from '../../support/open-session.ts';
import {waitFor} from '../../support/wait-for.ts';

function startSite() {
  return startServer((request, response) => {
    if (request.url === '/moved') return response.writeHead(302, {location: '/'}).end();
    if (request.url === '/missing') response.statusCode = 404;
    if (request.url === '/coded') {
      return response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(1_000)));
    }
    return response.end('hello');
  });
}

function entries(): PerformanceResourceTiming[] {
  return performance.getEntriesByType('resource') as PerformanceResourceTiming[];
}

/** The entry of one call, with the order of its times instead of the times. */
async function entryOf(call: () => Promise<Response>) {
  performance.clearResourceTimings();
  await (await call()).text();
  await waitFor(() => entries().length === 1);
  const {nextHopProtocol: _protocol, ...entry} = entries()[0]?.toJSON() ?? {};
  const {startTime, redirectStart, redirectEnd, fetchStart, requestStart, responseStart, responseEnd} = entry;
  const times = [startTime, fetchStart, requestStart, responseStart, responseEnd];
  const members = Object.entries(entry).filter(([, value]) => typeof value !== 'number');
  const {transferSize, encodedBodySize, decodedBodySize, responseStatus} = entry;
  return {
    ...Object.fromEntries(members),
    sizes: [transferSize, encodedBodySize, decodedBodySize],
    responseStatus,
    isInOrder: times.every((time, index) => index === 0 || time >= times[index - 1]),
    isOfRedirect: redirectStart === startTime && redirectEnd === fetchStart,
    names: Object.keys(entry).sort(),
  };
}

beforeEach(() => {
  performance.clearResourceTimings();
  onTestFinished(() => performance.clearResourceTimings());
});

describe('resourceTiming', () => {
  it.each([
    ['a body', '/?query=1', 'GET'],
    ['a redirect', '/moved', 'GET'],
    ['an error status', '/missing', 'GET'],
    ['a coded body', '/coded', 'GET'],
    ['a response without a body', '/', 'HEAD'],
  ])('%s makes the entry that built-in fetch makes', async (_what, path, method) => {
    const {origin} = await startSite();
    const {session} = openSession({resourceTiming: true});
    const ours = await entryOf(() => session.fetch(origin + path, {method}));
    expect(ours).toEqual(await entryOf(() => fetch(origin + path, {method})));
    expect([ours.isInOrder, ours.isOfRedirect]).toEqual([true, path === '/moved']);
  });

  it('an observer is told of the entry, which has the protocol of the connection', async () => {
    const {origin} = await startSite();
    const {fetch} = openSession({resourceTiming: true});
    const observed = new Promise<PerformanceEntryList>((resolve) => {
      const observer = new PerformanceObserver((list) => resolve(list.getEntries()));
      observer.observe({type: 'resource'});
      onTestFinished(() => observer.disconnect());
    });
    await (await fetch(origin)).text();
    expect(await observed).toMatchObject([{name: `${origin}/`, nextHopProtocol: 'http/1.1'}]);
  });

  it('a call that fails makes no entry, and without the option none is made', async () => {
    const {origin} = await startSite();
    const timed = openSession({resourceTiming: true});
    await timed.fetch('http://127.0.0.1:1/').catch(() => undefined);
    await (await openSession().fetch(origin)).text();
    // An entry of a later call shows that the earlier ones would have been there.
    await (await timed.fetch(`${origin}/last`)).text();
    await waitFor(() => entries().length > 0);
    expect(entries().map(({name}) => name)).toEqual([`${origin}/last`]);
  });

  it('a value that is no boolean is refused', () => {
    expect(() => openSession({resourceTiming: 1 as never})).toThrow(
      expect.objectContaining({option: 'connector.resourceTiming'}),
    );
  });
});
