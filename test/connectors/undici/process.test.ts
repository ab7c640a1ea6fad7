import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {runScript} from '../../support/run-script.ts';

/** Runs a client script in a process of its own. The script finds the address of a server of this process in `url`. */
async function run(script: string) {
  const {origin} = await startServer(async (request, response) => {
    await bodyOf(request);
    if (request.url?.startsWith('/bytes/')) return response.end(Buffer.alloc(Number(request.url.slice(7))));
    if (request.url === '/stalled') return response.write(Buffer.alloc(1_000_000));
    if (request.url === '/large') return response.end(Buffer.alloc(5_000_000));
    if (request.url === '/slow') {
      await delay(300);
      return response.end('slow');
    }
    return response.end(`ok ${request.headers['content-length']}`);
  });
  return runScript(`const url = '${origin}';\n${script}`);
}

describe('a process with a session that is never closed', () => {
  const scripts = {
    'that did nothing': `
      import {createSession} from 'aiofetch';
      globalThis.session = createSession({connector: {keepAliveTimeout: 3_600_000}});`,
    'with idle connections': `
      import {createSession} from 'aiofetch';
      globalThis.session = createSession({connector: {keepAliveTimeout: 3_600_000}});
      await Promise.all([1, 2, 3].map(() => session.get(url).text()));`,
    'whose last response nobody read': `
      import {createSession} from 'aiofetch';
      globalThis.session = createSession({connector: {keepAliveTimeout: 3_600_000}});
      globalThis.response = await session.fetch(url);`,
    'with a large response that nobody read': `
      import {createSession} from 'aiofetch';
      globalThis.session = createSession({connector: {keepAliveTimeout: 3_600_000}});
      globalThis.response = await session.fetch(url + '/large');`,
    // As much as is buffered, a little more, so that the socket waits for the rest, and more than the socket buffers.
    'with responses of all sizes that nobody read, and timeouts': `
      import {createSession} from 'aiofetch';
      globalThis.session = createSession({
        timeout: {total: 600_000, attempt: 600_000, read: 600_000},
        connector: {keepAliveTimeout: 3_600_000},
      });
      globalThis.responses = [];
      for (const size of [1_000, 131_072, 131_073, 140_000, 200_000, 260_000, 400_000])
        responses.push(await session.fetch(url + '/bytes/' + size));
      const [slow] = await Promise.all([responses[3].text(), responses[4].body.getReader().read()]);
      if (slow.length !== 140_000) throw new Error('cut');`,
    'with a keep-alive of an hour': `
      import {createSession} from 'aiofetch';
      import {undiciConnector} from 'aiofetch/undici';
      globalThis.session = createSession({connector: undiciConnector({keepAliveTimeout: 3_600_000})});
      await session.get(url).text();`,
    'with timeouts that did not run out': `
      import {createSession} from 'aiofetch';
      globalThis.session = createSession({
        timeout: {total: 600_000, attempt: 600_000, read: 600_000, pool: 600_000, connect: 600_000},
        connector: {limit: 1, keepAliveTimeout: 3_600_000},
      });
      await Promise.all([1, 2, 3].map(() => session.get(url).text()));`,
    'whose requests failed and were aborted': `
      import {createSession} from 'aiofetch';
      globalThis.session = createSession({connector: {limit: 2, keepAliveTimeout: 3_600_000}});
      const controller = new AbortController();
      const calls = [
        session.fetch('http://127.0.0.1:2/'),
        session.fetch(url + '/slow', {
          signal: controller.signal,
          trace: ({type}) => type === 'requestSent' && controller.abort(),
        }),
        session.fetch(url + '/slow', {timeout: {read: 20}}),
        session.fetch(url, {method: 'POST', body: () => { throw new Error('no body'); }}),
      ];
      await Promise.allSettled(calls);`,
  };
  it.each(Object.entries(scripts))(
    'a session %s lets the process end without output',
    async (_name, script) => {
      // An idle connection stays open for an hour. A process that waited for it would exceed the time of the test.
      const {code, stdout, stderr} = await run(`${script}\nconsole.log('done');`);
      expect({code, stdout, stderr}).toEqual({code: 0, stdout: 'done\n', stderr: ''});
    },
  );

  it('a request under way keeps the process alive', async () => {
    const {stdout} = await run(`
      import {createSession} from 'aiofetch';
      const session = createSession();
      session.get(url + '/slow').text().then(console.log);
    `);
    expect(stdout).toBe('slow\n');
  });

  it('a body that is read on after a pause keeps the process alive, and its timeouts hold', async () => {
    const {stdout} = await run(`
      import {createSession} from 'aiofetch';
      const session = createSession({timeout: {total: 60_000, attempt: 60_000}});
      const response = await session.fetch(url + '/large');
      setTimeout(async () => console.log((await response.bytes()).length), 100);
      const slow = await session.fetch(url + '/stalled', {timeout: {total: 1_000}});
      const reader = slow.body.getReader();
      setTimeout(() => (async () => { while (!(await reader.read()).done); })().catch(({code}) => console.log(code)), 50);
    `);
    expect(stdout.split('\n').sort()).toEqual(['', '5000000', 'ERR_TIMEOUT']);
  });

  it('a queued request keeps the process alive', async () => {
    const {stdout} = await run(`
      import {createSession} from 'aiofetch';
      const session = createSession({connector: {limit: 1}});
      for (const path of ['/slow', '/']) session.get(url + path).text().then(console.log);
    `);
    expect(stdout).toBe('slow\nok undefined\n');
  });
});

describe('a process with a closed session', () => {
  it('the process ends after it has awaited close()', async () => {
    const {code, stdout, stderr} = await run(`
      import {createSession} from 'aiofetch';
      const session = createSession();
      const text = session.get(url + '/slow').text();
      await session.get(url).text();
      await session.close();
      console.log(await text, session.closed);
    `);
    expect({code, stdout, stderr}).toEqual({code: 0, stdout: 'slow true\n', stderr: ''});
  });
});

describe('many requests', () => {
  it('many requests on one connection and one signal cause no warning of Node', async () => {
    const {code, stdout, stderr} = await run(`
      import {createSession} from 'aiofetch';
      const session = createSession({connector: {limit: 1}});
      const {signal} = new AbortController();
      const body = () => new Blob(['x'.repeat(200_000)]).stream();
      const calls = Array.from({length: 50}, (_, index) =>
        session.fetch(url, {signal, ...(index % 2 && {method: 'POST', body})}).then((response) => response.text()));
      console.log((await Promise.all(calls)).length);
    `);
    expect({code, stdout, stderr}).toEqual({code: 0, stdout: '50\n', stderr: ''});
  });
});

describe('an error on an idle connection', () => {
  it('an error on an idle connection does not end the process', async () => {
    const {code, stdout, stderr} = await run(`
      import {createServer as createTcpServer} from 'node:net';
      import {createSession} from 'aiofetch';
      const resetting = createTcpServer((socket) => setTimeout(() => socket.resetAndDestroy(), 20));
      await new Promise((resolve) => resetting.listen(0, '127.0.0.1', resolve));
      const session = createSession();
      const {port} = resetting.address();
      const body = () => { throw new Error('no body'); };
      await session.fetch('http://127.0.0.1:' + port, {method: 'POST', body}).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
      resetting.close();
      console.log('alive');
    `);
    expect({code, stdout, stderr}).toEqual({code: 0, stdout: 'alive\n', stderr: ''});
  });
});

describe('importing the package', () => {
  it('importing the package leaves the built-in fetch unchanged', async () => {
    const {code, stdout, stderr} = await run(`
      const names = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')];
      const look = () => names.map((name) => globalThis[name]);
      const globals = () => Object.getOwnPropertyNames(globalThis).sort().join();
      const {fetch} = globalThis;
      await (await fetch(url)).text();
      const [before, globalsBefore] = [look(), globals()];
      const {createSession} = await import('aiofetch');
      await import('aiofetch/undici');
      await createSession().get(url).text();
      const after = look();
      console.log(fetch === globalThis.fetch, before.every((value, index) => value === after[index]));
      console.log(globalsBefore === globals());
      const response = await fetch(url, {method: 'POST', body: 'four', headers: {'content-length': '4'}});
      console.log(response.status, await response.text());
    `);
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    expect(stdout).toBe('true true\ntrue\n200 ok 4\n');
  });

  it('importing the package before the first built-in fetch leaves it unchanged as well', async () => {
    const {stdout, stderr} = await run(`
      await import('aiofetch');
      const response = await fetch(url, {method: 'POST', body: 'four', headers: {'content-length': '4'}});
      console.log(response.status, await response.text());
    `);
    expect({stdout, stderr}).toEqual({stdout: '200 ok 4\n', stderr: ''});
  });
});
