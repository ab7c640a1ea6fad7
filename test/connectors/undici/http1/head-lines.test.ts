import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {HeadLines} from '../../../../src/connectors/undici/http1/head-lines.ts';
import {failure} from '../../../support/failure.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';

/** Answers each request with the next of `responses`, each in chunks of `size` bytes. */
async function startAnswering(responses: readonly string[], size = Infinity) {
  let next = 0;
  return startRawServer(async (connection) => {
    connection.socket.setNoDelay(true);
    for (;;) {
      await connection.request();
      const bytes = Buffer.from(responses[next++] as string, 'latin1');
      for (let start = 0; start < bytes.length; start += size) {
        connection.send(bytes.subarray(start, start + size));
        if (size !== Infinity) await new Promise(setImmediate);
      }
    }
  });
}

/** What the parser gets of bytes that arrive in these pieces. */
function rewritten(text: string, size = Infinity, maxSize = 16_384): string {
  const head = new HeadLines(maxSize);
  head.begin();
  let passed = '';
  for (let start = 0; start < text.length; start += size) {
    const chunk = Buffer.from(text.slice(start, start + size), 'latin1');
    passed += (head.isReading ? head.take(chunk) : chunk)?.toString('latin1') ?? '';
  }
  return passed;
}

// RFC 9112, sections 5.1, 5.2 and 6.3.
describe('a head over HTTP/1.1', () => {
  const accepted: ReadonlyArray<[string, string, string, string]> = [
    [
      'a folded value',
      'X-Long: one\r\n two\r\n\t three\r\nContent-Length: 2\r\n\r\nok',
      'x-long',
      'one two three',
    ],
    ['a value that begins on the next line', 'X-A:\r\n 1\r\nContent-Length: 2\r\n\r\nok', 'x-a', '1'],
    ['a fold without text', 'X-A: 1\r\n \t\r\nContent-Length: 2\r\n\r\nok', 'x-a', '1'],
    ['a fold as the last line', 'Content-Length: 2\r\nX-A: 1\r\n 2\r\n\r\nok', 'x-a', '1 2'],
    ['a folded Content-Length', 'Content-Length:\r\n 2\r\n\r\nok', 'content-length', '2'],
    ['white space around Content-Length', 'Content-Length:\t 2 \t\r\n\r\nok', 'content-length', '2'],
    [
      'a folded Transfer-Encoding',
      'Transfer-Encoding:\r\n chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      'transfer-encoding',
      'chunked',
    ],
    [
      'white space around Transfer-Encoding',
      'Transfer-Encoding: \tchunked \t\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      'transfer-encoding',
      'chunked',
    ],
    ['spaces around Content-Length', 'Content-Length:   2  \r\n\r\nok', 'content-length', '2'],
    [
      'spaces around Transfer-Encoding',
      'Transfer-Encoding:  chunked  \r\n\r\n2\r\nok\r\n0\r\n\r\n',
      'transfer-encoding',
      'chunked',
    ],
    ['a tab within a value', 'X-A: a\tb\r\nContent-Length: 2\r\n\r\nok', 'x-a', 'a\tb'],
    [
      'bytes that are not ASCII',
      'X-A: caf\xe9\r\n \xa0x\xa0\r\nContent-Length: 2\r\n\r\nok',
      'x-a',
      'caf\xe9 \xa0x\xa0',
    ],
    ['a tab in the body', 'X-A: 1\r\nContent-Length: 2\r\n\r\n\t\n', 'x-a', '1'],
  ];
  it.each(accepted)('%s is read, and the connection is used again', async (_what, rest, name, value) => {
    const response = `HTTP/1.1 200 OK\r\n${rest}`;
    const body = rest.slice(rest.indexOf('\r\n\r\n') + 4).replace(/^2\r\n|\r\n0\r\n\r\n$/g, '');
    for (const size of [Infinity, 1]) {
      const server = await startAnswering([response, response], size);
      const {fetch} = openSession();
      for (let turn = 0; turn < 2; turn++) {
        const answer = await fetch(server.origin);
        expect(answer.headers.get(name)).toBe(value);
        expect(await answer.text()).toBe(body);
      }
      expect(server.sockets.opened).toBe(1);
    }
  });

  it.each([
    ['a folded number', 'Content-Length: 1\r\n 2\r\n\r\nok'],
    ['a Content-Length that is no number', 'Content-Length: 2x\r\n\r\nok'],
    ['a Content-Length with a sign', 'Content-Length: +2\r\n\r\nok'],
    ['a list of other lengths', 'Content-Length: 2, 3\r\n\r\nok'],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    [
      'a length and a transfer coding',
      'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    ['white space before the colon', 'Content-Length : 2\r\n\r\nok'],
    ['white space before the colon of a folded header', 'Content-Length :\r\n 2\r\n\r\nok'],
    ['white space before the first header', ' X: 1\r\nContent-Length: 2\r\n\r\nok'],
    ['NUL in a folded value', 'X-A: a\r\n b\0c\r\nContent-Length: 2\r\n\r\nok'],
    ['a bare CR in a folded value', 'X-A: a\r\n b\rc\r\nContent-Length: 2\r\n\r\nok'],
    ['a line without a colon, folded', 'X-A\r\n b\r\nContent-Length: 2\r\n\r\nok'],
  ])('%s fails the call', async (_what, rest) => {
    const server = await startAnswering([`HTTP/1.1 200 OK\r\n${rest}`]);
    const {fetch, stats} = openSession();
    const error = await failure(fetch(server.origin).then((response) => response.text()));
    expect(error).toMatchObject({name: 'TypeError', phase: 'receive'});
    expect(stats().active).toBe(0);
  });

  it('a fold in an informational head and in the Location of a redirect is read', async () => {
    const server = await startAnswering([
      'HTTP/1.1 103 Early Hints\r\nLink: </a>;\r\n rel=preload\r\n\r\nHTTP/1.1 302 Found\r\nLocation:\r\n /to\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 102 Processing\r\n\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok',
    ]);
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    expect(response.url).toBe(`${server.origin}/to`);
    expect(response.headers.get('x-a')).toBe('1 2');
    expect(await response.text()).toBe('ok');
  });

  // RFC 9110, section 15.2: a user agent may ignore an informational response that it didn't ask for.
  it.each<[string, RequestInit]>([
    ['a GET', {}],
    ['a POST', {method: 'POST', body: 'text'}],
  ])(
    'a 100 (Continue) that %s did not ask for is ignored, in whatever pieces it arrives',
    async (_name, init) => {
      const unasked = 'HTTP/1.1 100 Continue\r\n\r\n';
      const response = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
      for (const size of [1, 10, 11, Infinity]) {
        const server = await startAnswering(
          [
            unasked + response,
            `${unasked}HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n${unasked}${response}`,
            `HTTP/1.1 100 Continue\r\nX-A: 1\r\n b\r\n\r\n${response}`,
            response,
          ],
          size,
        );
        const {fetch, stats} = openSession();
        for (let count = 0; count < 4; count++) {
          const answered = await fetch(server.origin, init);
          expect(answered.status).toBe(200);
          expect(answered.headers.has('x-a')).toBe(false);
          expect(await answered.text()).toBe('ok');
        }
        expect(stats().totals.opened).toBe(1);
      }
    },
  );

  it('heads of 100 (Continue) without an end are refused, like all informational heads that are too large', async () => {
    const server = await startRawServer(async ({request, send, socket}) => {
      await request();
      const heads = `HTTP/1.1 100 Continue\r\nX-A: ${'a'.repeat(1_000)}\r\n\r\n`.repeat(100);
      while (!socket.destroyed) {
        send(heads);
        await new Promise(setImmediate);
      }
    });
    const {fetch} = openSession();
    expect(await failure(fetch(server.origin))).toMatchObject({phase: 'receive'});
  });

  it('only the status 100 is changed for the parser', () => {
    for (const status of ['101', '102', '103', '110', '190', '199', '200', '10', '1 0']) {
      const head = `HTTP/1.1 ${status} Text\r\nA: 1\r\n\r\n`;
      for (const size of [1, Infinity]) expect(rewritten(head, size)).toBe(head);
    }
    expect(rewritten('HTTP/1.1 100 100\r\nA: 100\r\n\r\n')).toBe('HTTP/1.1 102 100\r\nA: 100\r\n\r\n');
  });

  it('a fold that never ends is refused, like any head that is too large', async () => {
    const fold = `HTTP/1.1 200 OK\r\nX-A: a${'\r\n b'.repeat(100_000)}`;
    const server = await startAnswering([fold]);
    const {fetch} = openSession();
    expect(await failure(fetch(server.origin))).toMatchObject({phase: 'receive'});
  });

  it('the parser gets the same in whatever pieces a head arrives, and a body unchanged', () => {
    const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n ', '\r\n\t', '\n');
    const line = fc.tuple(fc.constantFrom('A: 1', 'B:\t2 ', 'C:', 'D: \t', 'no colon', ' E: x'), lineEnd);
    const head = fc
      .tuple(fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 103 Early'), fc.array(line, {maxLength: 6}))
      .map(([start, lines]) => `${start}\r\n${lines.flat().join('')}\r\n\r\n`);
    fc.assert(
      fc.property(
        fc.array(head, {minLength: 1, maxLength: 3}),
        fc.integer({min: 1, max: 9}),
        (heads, size) => {
          const text = `${heads.join('')}HTTP/1.1 200 OK\r\n\r\nA body:\t x \r\n y\t\r\n`;
          const whole = rewritten(text);
          expect(rewritten(text, size)).toBe(whole);
          if (!/\t|\n[ ]/.test(heads.join(''))) expect(whole).toBe(text);
        },
      ),
      {numRuns: 1_000},
    );
  });
});
