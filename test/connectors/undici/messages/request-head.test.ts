import {describe, expect, it} from 'vitest';
import {noHosts} from '../../../support/no-hosts.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';

/** Records the heads of requests as they arrived on the socket. */
async function startListening() {
  const heads: string[] = [];
  const server = await startRawServer(async (connection) => {
    for (;;) {
      const {head} = await connection.request();
      heads.push(head);
      connection.respond('heard');
    }
  });
  const {fetch} = openSession({limit: 1});
  return {
    server,
    async headOf(path: string, init?: Parameters<typeof fetch>[1]): Promise<string[]> {
      await (await fetch(server.origin + path, init)).text();
      return heads.at(-1)?.split('\r\n') ?? [];
    },
  };
}

describe('the request line', () => {
  it.each([
    ['', '/'],
    ['/', '/'],
    ['/a b?c d#e', '/a%20b?c%20d'],
    ['/ä/日本?ü=ß', '/%C3%A4/%E6%97%A5%E6%9C%AC?%C3%BC=%C3%9F'],
    ['/%2F%2f/..%2F', '/%2F%2f/..%2F'],
    ['/a/../b/./c', '/b/c'],
    ['?only=query', '/?only=query'],
    ['/?', '/?'],
    ['//double//', '//double//'],
    ["/!$&'()*+,;=:@", "/!$&'()*+,;=:@"],
  ])('the URL %j is requested as %j', async (path, expected) => {
    const {headOf} = await startListening();
    expect((await headOf(path))[0]).toBe(`GET ${expected} HTTP/1.1`);
  });

  it.each([
    ['get', 'GET'],
    ['Post', 'POST'],
    ['patch', 'patch'],
    ['PATCH', 'PATCH'],
    ['M-SEARCH', 'M-SEARCH'],
  ])('the method %s is sent as %s', async (method, expected) => {
    const {headOf} = await startListening();
    expect((await headOf('/', {method}))[0]).toBe(`${expected} / HTTP/1.1`);
  });
});

describe('the request headers', () => {
  it('only the necessary headers are sent by default', async () => {
    const {headOf, server} = await startListening();
    const [, ...fields] = await headOf('/');
    expect(fields.map((field) => field.split(': ')[0])).toEqual([
      'host',
      'connection',
      'accept',
      'accept-encoding',
      'user-agent',
    ]);
    expect(fields[0]).toBe(`host: 127.0.0.1:${server.port}`);
    expect(fields).toContain('accept: */*');
    expect(fields.at(-1)).toMatch(/^user-agent: aiofetch\/\d+\.\d+\.\d+$/);
  });

  it('the caller’s headers override the defaults', async () => {
    const {headOf} = await startListening();
    const fields = await headOf('/', {
      headers: {Accept: 'text/x', 'User-Agent': 'own/1', 'Accept-Encoding': 'br', Host: 'virtual.example'},
    });
    expect(fields).toEqual(
      expect.arrayContaining([
        'host: virtual.example',
        'accept: text/x',
        'user-agent: own/1',
        'accept-encoding: br',
      ]),
    );
    expect(fields).toHaveLength(6);
  });

  it.each<[RequestCache, Record<string, string>, string[]]>([
    ['default', {}, []],
    ['force-cache', {}, []],
    ['no-cache', {}, ['cache-control: max-age=0']],
    ['no-store', {}, ['cache-control: no-cache', 'pragma: no-cache']],
    ['reload', {}, ['cache-control: no-cache', 'pragma: no-cache']],
    ['reload', {'cache-control': 'max-age=5'}, ['cache-control: max-age=5', 'pragma: no-cache']],
    ['no-cache', {'cache-control': 'max-age=5'}, ['cache-control: max-age=5']],
    ['no-store', {pragma: 'own'}, ['cache-control: no-cache', 'pragma: own']],
  ])('the mode `cache: %j` adds headers for caches, beside %j', async (cache, headers, expected) => {
    const {headOf} = await startListening();
    const fields = await headOf('/', {cache, headers});
    expect(fields.filter((field) => /^(?:cache-control|pragma)/.test(field)).toSorted()).toEqual(expected);
  });

  it('a header may be repeated, may be empty, and is sent as bytes', async () => {
    const {headOf} = await startListening();
    const fields = await headOf('/', {
      headers: [
        ['X-Two', 'a'],
        ['x-two', 'b'],
        ['X-Empty', ''],
        ['X-Latin', 'caf\xe9'],
        ['X-Space', '  trimmed\t'],
      ],
    });
    const two = fields.filter((field) => field.startsWith('x-two'));
    expect(two.join('; ')).toMatch(/^x-two: a(; x-two: |, )b$/);
    expect(fields).toEqual(expect.arrayContaining(['x-empty: ', 'x-latin: caf\xe9', 'x-space: trimmed']));
  });

  it.each([
    ['X-A', 'a\r\nX-B: b'],
    ['X-A', 'a\0b'],
    ['X-A', '日本'],
    ['X A', 'a'],
    ['', 'a'],
    ['X-A:', 'a'],
  ])('an invalid header is a TypeError: %j: %j', async (name, value) => {
    const {headOf, server} = await startListening();
    await expect(headOf('/', {headers: {[name]: value}})).rejects.toBeInstanceOf(TypeError);
    expect(server.sockets.opened).toBe(0);
  });
});

describe('a URL that can’t be fetched', () => {
  it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'about:blank', 'nonsense', 'http://', 'http://a b/'])(
    'the URL %s is a TypeError',
    async (url) => {
      const {fetch, stats} = openSession();
      await expect(fetch(url)).rejects.toBeInstanceOf(TypeError);
      expect(stats()).toMatchObject({active: 0, hosts: noHosts});
    },
  );
});
