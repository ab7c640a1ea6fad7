import type {ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {SessionStats} from 'aiofetch';
import {afterAll, beforeAll, describe, it} from 'vitest';
import {waitFor} from '../support/wait-for.ts';
import type {Task} from './entries/worker-sessions.ts';
import {installed} from './support/binaries.ts';
import {bundleEntry} from './support/bundle.ts';
import type {Compatibility, Workerd} from './support/workerd.ts';
import {startWorkerd} from './support/workerd.ts';

// The first is the oldest that a shared session needs. It has neither `process` nor a FinalizationRegistry.
const compatibilities: readonly Compatibility[] = [
  {date: '2024-10-14', flags: []},
  {date: '2026-02-01', flags: ['nodejs_compat']},
  {date: '2026-10-01', flags: []},
];

let workerd: Workerd;

/** What a site answers to each of its requests, by their number from 1. */
type Answer = (response: ServerResponse, path: string, count: number) => unknown;

/** The sites of the tests, by the first segment of their paths. */
const answers = new Map<string, (path: string, response: ServerResponse) => unknown>();

const server = createServer((request, response) => {
  const [, name = '', ...path] = (request.url as string).split('/');
  answers.get(name)?.(path.join('/'), response);
});

beforeAll(async () => {
  const {workerd: binary} = installed;
  if (binary === undefined) return;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  workerd = await startWorkerd(
    binary,
    await bundleEntry('worker-sessions.ts', ['workerd', 'worker']),
    compatibilities,
  );
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await workerd?.end();
});

let names = 0;

interface AskOptions {
  readonly seen?: string;
  readonly signal?: AbortSignal;
}

/** A session at the module scope of a worker, and the site that it fetches. */
function share(worker: number, kind: Task['kind'], answer: Answer) {
  const name = `${kind}${names++}`;
  let active = 0;
  const site = {requests: [] as string[], peak: 0};
  answers.set(name, async (path, response) => {
    if (path.startsWith('seen/')) {
      await waitFor(() => site.requests.includes(path.slice(5)));
      response.end();
      return;
    }
    site.requests.push(path);
    site.peak = Math.max(site.peak, ++active);
    response.once('close', () => active--);
    answer(response, path, site.requests.length);
  });
  const {port} = server.address() as AddressInfo;

  /** Sends a request to the worker, which uses the session in its course. */
  async function ask(how: Task['how'], path = 'page', {seen, signal}: AskOptions = {}): Promise<string> {
    const url = `http://127.0.0.1:${port}/${name}/${path}`;
    const query = new URLSearchParams({name, kind, url, how, ...(seen && {seen})} satisfies Task);
    const response = await fetch(`${workerd.origins[worker]}?${query}`, {
      signal: signal ?? AbortSignal.timeout(20_000),
    });
    return await response.text();
  }
  /** Begins a call of the session in a request of the worker that ends as soon as the site has seen `seen`. */
  const forget = (path: string, seen = path) => ask('forget', path, {seen});
  const askAtOnce = (count: number, path?: string) =>
    Promise.all(Array.from({length: count}, () => ask('read', path)));
  const stats = async () => JSON.parse(await ask('stats')) as SessionStats;
  return {site, ask, forget, askAtOnce, stats};
}

const page: Answer = (response) => response.end('page');

/** Answers all paths except `held`, which never gets an answer. */
const pageUnlessHeld: Answer = (response, path) => {
  if (path !== 'held') response.end('page');
};

const pages = (count: number) => Array.from({length: count}, () => 'page');

describe
  .skipIf(installed.workerd === undefined)
  .each(compatibilities.map((compatibility, worker) => ({...compatibility, worker})))(
  'a session at the module scope of a worker, $date $flags',
  ({worker}) => {
    it.concurrent('requests at once share its slots, and none is lost', async ({expect}) => {
      const waiting: ServerResponse[] = [];
      const {site, askAtOnce, stats} = share(worker, 'two', (response) => {
        waiting.push(response);
        if (waiting.length === 2) for (const other of waiting.splice(0)) other.end('page');
      });
      expect(await askAtOnce(20)).toEqual(pages(20));
      expect(site.peak).toBe(2);
      expect(await stats()).toMatchObject({active: 0, queued: 0});
    });

    it.concurrent('requests at once share its rate limit', async ({expect}) => {
      const {askAtOnce} = share(worker, 'rate', page);
      expect(await askAtOnce(6)).toEqual(pages(6));
    });

    it.concurrent('a rate limit lets requests go after the request that waited first has ended', async ({
      expect,
    }) => {
      const {ask, site} = share(worker, 'rate', page);
      await Promise.all([ask('read'), ask('read'), ask('forget', 'forgotten')]);
      expect(await ask('read')).toBe('page');
      expect(site.requests).not.toContain('forgotten');
    });

    it.concurrent('requests at once share a flight, and each gets a body of its own', async ({expect}) => {
      let held: ServerResponse | undefined;
      const {ask, stats, site} = share(worker, 'flight', (response) => {
        held = response;
      });
      const all = [ask('read'), ask('read'), ask('read'), ask('read')];
      await expect.poll(async () => (await stats()).totals.requests).toBe(4);
      await waitFor(() => held !== undefined);
      held?.end('page');
      expect(await Promise.all(all)).toEqual(pages(4));
      expect(site.requests).toHaveLength(1);
    });

    it.concurrent('a flight is begun anew if the request that began it has ended', async ({expect}) => {
      const {forget, askAtOnce, site} = share(worker, 'flight', (response, _path, count) => {
        if (count > 1) response.end('page');
      });
      await forget('page');
      expect(await askAtOnce(3)).toEqual(pages(3));
      expect(site.requests).toHaveLength(2);
    });

    it.concurrent('a token is asked for anew if the request that asked for it has ended', async ({
      expect,
    }) => {
      const {forget, askAtOnce, site} = share(worker, 'token', (response, path, count) => {
        if (path !== 'token' || count > 1) response.end('page');
      });
      await forget('page', 'token');
      expect(await askAtOnce(3)).toEqual(pages(3));
      expect(site.requests.filter((path) => path === 'token')).toHaveLength(2);
    });

    it.concurrent('a circuit is tested anew if the request that tested it has ended', async ({expect}) => {
      const {ask, forget} = share(worker, 'breaker', (response, path) => {
        if (path !== 'held') response.writeHead(path === 'failing' ? 500 : 200).end('page');
      });
      expect(await ask('read', 'failing')).toMatch('500');
      await forget('held');
      expect(await ask('read')).toMatch('CircuitOpenError');
      await expect.poll(() => ask('read')).toBe('page');
    });

    it.concurrent('a store of a rate limit is asked anew if the request that asked it has ended', async ({
      expect,
    }) => {
      const {ask, forget, site} = share(worker, 'stored', (response, path, count) => {
        if (path !== 'store') response.end('page');
        else if (count > 1) response.end('0');
      });
      await forget('page', 'store');
      expect(await ask('read')).toBe('page');
      expect(site.requests).toContain('page');
    });

    it.concurrent('bodies that were left unread hold no slot, with all defaults', async ({expect}) => {
      const {ask, askAtOnce} = share(worker, 'defaults', (response, path) => {
        response.end(path === 'large' ? Buffer.alloc(300_000) : 'page');
      });
      for (let count = 0; count < 11; count++) {
        await Promise.all(Array.from({length: 10}, () => ask('unread', 'large')));
      }
      expect(await askAtOnce(20)).toEqual(pages(20));
    });

    it.concurrent('calls that were forgotten hold neither a slot nor a place in the queue', async ({
      expect,
    }) => {
      const {ask, forget, askAtOnce, stats} = share(worker, 'two', pageUnlessHeld);
      // Two hold the slots, and two wait for them.
      await Promise.all([forget('held'), forget('held')]);
      await Promise.all([ask('forget', 'held'), ask('forget', 'held')]);
      expect(await askAtOnce(4)).toEqual(pages(4));
      const activeAfterAnother = async () => {
        await ask('read');
        return (await stats()).active;
      };
      await expect.poll(activeAfterAnother).toBe(0);
      expect((await stats()).queued).toBe(0);
    });

    it.concurrent('a client that leaves while its call waits or while its body arrives takes no slot along', async ({
      expect,
    }) => {
      const {ask, askAtOnce, site, stats} = share(worker, 'two', (response, path) => {
        if (path !== 'endless') {
          response.end('page');
          return;
        }
        const timer = setInterval(() => response.write('page'), 10);
        response.once('close', () => clearInterval(timer));
      });
      const client = new AbortController();
      const {signal} = client;
      const left = [ask('pass', 'endless', {signal}), ask('pass', 'endless', {signal})];
      await waitFor(() => site.requests.length === 2);
      left.push(ask('read', 'queued', {signal}));
      await expect.poll(async () => (await stats()).queued).toBe(1);
      client.abort();
      await Promise.allSettled(left);
      expect(await askAtOnce(4)).toEqual(pages(4));
    });

    it.concurrent('ctx.waitUntil lets a call go on after the response of the worker', async ({expect}) => {
      let held: ServerResponse | undefined;
      const {ask, forget, askAtOnce, stats} = share(worker, 'two', (response, path) => {
        if (path === 'page') response.end('page');
        else if (path === 'late') held = response;
      });
      expect(await ask('waitUntil', 'late')).toBe('going on');
      await waitFor(() => held !== undefined);
      // This takes as long as it takes to find a call whose request has ended.
      await forget('held');
      expect(await askAtOnce(2)).toEqual(pages(2));
      expect((await stats()).active).toBe(1);
      held?.end('late');
      await expect.poll(async () => (await stats()).active).toBe(0);
      expect((await stats()).totals.bytesReceived).toBe(12);
    });

    it.concurrent('requests at once retry on their own', async ({expect}) => {
      const failed = new Set<string>();
      const {ask} = share(worker, 'two', (response, path) => {
        const isFirst = !failed.has(path);
        failed.add(path);
        response.writeHead(isFirst ? 503 : 200).end('page');
      });
      expect(await Promise.all(['a', 'b', 'c', 'd'].map((path) => ask('read', path)))).toEqual(pages(4));
    });

    it.concurrent('close() ends though calls of other requests were forgotten', async ({expect}) => {
      const {ask, forget} = share(worker, 'two', pageUnlessHeld);
      await Promise.all([forget('held'), forget('held')]);
      await ask('forget', 'held');
      expect(await ask('close')).toBe('closed');
      expect(await ask('read')).toMatch('SessionClosedError');
    });

    it.concurrent('destroy() aborts the calls of other requests', async ({expect}) => {
      const {ask, stats} = share(worker, 'two', pageUnlessHeld);
      const others = Array.from({length: 4}, () => ask('read', 'held'));
      await expect.poll(async () => (await stats()).queued).toBe(2);
      expect(await ask('destroy')).toBe('destroyed');
      for (const answer of await Promise.all(others)) expect(answer).toMatch('SessionClosedError');
    });
  },
);
