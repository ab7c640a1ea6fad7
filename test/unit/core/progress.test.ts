import {describe, expect, it, vi} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import {ProgressReport} from '../../../src/core/progress.ts';
import type {Policy} from '../../../src/index.ts';
import {createSession, singleFlightPolicy} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://example.com/';

/** The events of a report about chunks of the given sizes. */
function told(total: number | undefined, sizes: number[], isExact?: boolean) {
  const states: Array<[number, number, number, number]> = [];
  const report = new ProgressReport(
    ({percent, transferredBytes, totalBytes}, chunk) =>
      states.push([percent, transferredBytes, totalBytes, chunk.length]),
    total,
    isExact,
  );
  for (const size of sizes) report.add(new Uint8Array(size));
  report.end();
  return states;
}

const almost = 1 - Number.EPSILON;

describe('a progress report', () => {
  it('the last chunk has 100 percent when the total is known', () => {
    expect(told(100, [50, 50])).toEqual([
      [0.5, 50, 100, 50],
      [1, 100, 100, 50],
    ]);
  });

  it('the end is reported with 100 percent when the total is not known', () => {
    expect(told(undefined, [50, 50])).toEqual([
      [0, 50, 50, 50],
      [0, 100, 100, 50],
      [1, 100, 100, 0],
    ]);
  });

  it('an empty chunk does not have 100 percent when the total is not known', () => {
    expect(told(undefined, [0, 50])).toEqual([
      [0, 0, 0, 0],
      [0, 50, 50, 50],
      [1, 50, 50, 0],
    ]);
  });

  it('100 percent comes only at the end when the body is larger than its total', () => {
    expect(told(60, [60, 40], false)).toEqual([
      [almost, 60, 60, 60],
      [almost, 100, 100, 40],
      [1, 100, 100, 0],
    ]);
  });

  it('the end of an empty body is reported', () => {
    expect(told(0, [])).toEqual([[1, 0, 0, 0]]);
    expect(told(undefined, [])).toEqual([[1, 0, 0, 0]]);
  });
});

it('a call without size limits and progress listeners has no transfer settings', async () => {
  const seen: unknown[] = [];
  const policy: Policy = (next) => (request) => {
    seen.push(request.transfer);
    return next(request);
  };
  const {session} = mockSession(undefined, {policies: [policy]});
  await session.fetch(url);
  await session.get(url);
  expect(seen).toEqual([undefined, undefined]);
});

describe.each(['onDownloadProgress', 'onUploadProgress'] as const)('%s', (option) => {
  it('a progress listener that is not a function is refused', async () => {
    const {session, calls} = mockSession();
    const init = {[option]: true} as never;
    expect(await rejection(session.fetch(url, init))).toMatchObject({name: 'InvalidOptionError', option});
    expect(await rejection(session.post(url, init))).toMatchObject({name: 'InvalidOptionError', option});
    expect(calls.length).toBe(0);
  });

  it('a connector that can not report progress refuses the listener', async () => {
    const mock = mockConnector(() => ({}));
    const capabilities = {...mock.capabilities, downloadProgress: false, uploadProgress: false};
    const session = createSession({connector: {...mock, capabilities}});
    const error = await rejection(session.fetch(url, {[option]: () => {}}));
    expect(error).toMatchObject({name: 'UnsupportedOptionError', option, where: 'the mock connector'});
  });

  it('a progress listener keeps the size limit of the session', async () => {
    const {session} = mockSession(() => new Response('12345'), {maxResponseSize: 4});
    const error = await rejection(session.post(url, {[option]: () => {}}).text());
    expect(error).toMatchObject({name: 'ResponseTooLargeError', limit: 4});
  });
});

describe('progress', () => {
  it('the progress of an upload is reported even if the handler of a mock does not read the body', async () => {
    const {session} = mockSession(() => ({}));
    const listener = vi.fn();
    await session.post(url, {body: 'abc', onUploadProgress: listener});
    await vi.waitFor(() =>
      expect(listener.mock.lastCall?.[0]).toMatchObject({percent: 1, transferredBytes: 3}),
    );
  });

  it('progress starts again with every attempt', async () => {
    let attempts = 0;
    const {session} = mockSession(
      async (call) => {
        await call.text();
        attempts++;
        return attempts < 3 ? new Response('busy', {status: 503}) : {};
      },
      {retry: {retries: 2, minDelay: 1}},
    );
    const percents: number[] = [];
    await session.put(url, {body: 'abc', onUploadProgress: ({percent}) => percents.push(percent)});
    expect(percents).toEqual([1, 1, 1]);
  });

  it('progress is reported for calls whose hooks see the request', async () => {
    const {session} = mockSession(async (call) => (await call.text()).length);
    const listener = vi.fn();
    const hooks = {beforeRequest: [({request}: {request: Request}) => void request.headers.set('x-a', 'b')]};
    expect(await session.post(url, {json: [1], hooks, onUploadProgress: listener}).json()).toBe(3);
    expect(listener.mock.lastCall?.[0]).toEqual({percent: 1, transferredBytes: 3, totalBytes: 3});
  });

  it('calls that report the progress of a download do not share a response', async () => {
    const {session, calls} = mockSession(() => ({}), {policies: [singleFlightPolicy()]});
    const listener = vi.fn();
    const get = () => session.get(url, {onDownloadProgress: listener}).json();
    await Promise.all([get(), get(), session.get(url).json(), session.get(url).json()]);
    expect(calls.length).toBe(3);
    expect(listener.mock.calls.filter(([{percent}]) => percent === 1).length).toBe(2);
  });
});
