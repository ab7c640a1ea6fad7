import {expect, it} from 'vitest';
import {runScript} from '../../../support/run-script.ts';

const moduleOf = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);

// An assertion of Node ended the process when the garbage collector, or the end of the process, came to the HTTP/2 session.
it.each([
  ['the server closes', 'close'],
  ['the connector is destroyed', 'destroy'],
  ['the part is longer than HTTP/2 allows', 'continue'],
])(
  'a server that sends a part of a header block during an upload does not end the process when %s',
  async (_, how) => {
    const {stdout, stderr} = await runScript(`
    import {createServer} from 'node:tls';
    import {setImmediate as turn} from 'node:timers/promises';
    import {AiofetchError, createSession} from 'aiofetch';
    import {undiciConnector} from 'aiofetch/undici';
    import {createAuthority} from ${moduleOf('support/authority.ts')};
    import {frame, hpack, settings} from ${moduleOf('faults/support/http2-frames.ts')};

    const authority = await createAuthority();
    const identity = await authority.issue();
    const how = '${how}';
    const more = frame(9, 0, 1, hpack([['x', 'y'.repeat(100)]]));
    const half = frame(1, 0, 1, hpack([[':status', '200'], ['x-name', 'value'.repeat(20)]]));
    const server = createServer({...identity, ALPNProtocols: ['h2']}, (socket) => {
      let size = 0;
      socket.on('error', () => {});
      socket.write(settings([]));
      socket.on('data', (data) => {
        const isEnough = size > 1_500;
        size += data.length;
        if (isEnough || size <= 1_500) return;
        // The client is in the same process, and has read the half after two turns.
        socket.write(half, () => how === 'destroy' && turn().then(turn).then(() => whenHalf()));
        if (how === 'close') socket.end(() => socket.destroy());
        else if (how === 'destroy') return;
        else for (let count = 0; count < 200; count++) socket.write(more);
      });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    async function* endless() {
      for (;;) {
        await turn();
        yield 'x'.repeat(100);
      }
    }
    let whenHalf;
    const areTyped = new Set();
    for (let count = 0; count < 10; count++) {
      const connector = undiciConnector({http2: true, tls: {ca: authority.cert}});
      const session = createSession({connector, retry: false});
      const url = 'https://127.0.0.1:' + server.address().port;
      const call = session.fetch(url, {method: 'POST', body: endless()});
      const failed = call.catch((error) => areTyped.add(error instanceof AiofetchError));
      if (how === 'destroy') {
        await new Promise((resolve) => { whenHalf = resolve; });
        await connector.destroy();
      }
      await failed;
      await session.destroy();
      await connector.destroy();
    }
    server.close();
    console.log([...areTyped].join());
  `);
    expect(stderr).not.toContain('Assertion');
    expect(stdout).toBe('true\n');
  },
);
