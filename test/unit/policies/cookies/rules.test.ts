import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {CookieJar} from '../../../../src/policies/cookies/index.ts';
import {cookieJar} from '../../../../src/policies/cookies/index.ts';
import {rejection} from '../../../support/mock-session.ts';

/** The Cookie header that a request to the URL would carry. */
async function sent(jar: CookieJar, url: string): Promise<string> {
  return (await jar.get(url)).map(({name, value}) => (name ? `${name}=${value}` : value)).join('; ');
}

/** Sets a cookie on one URL, and gives what is sent to another. */
async function setAndSend(line: string, from: string, to = from): Promise<string> {
  const jar = cookieJar();
  await jar.set(line, from).catch(() => undefined);
  return sent(jar, to);
}

beforeEach(() => {
  vi.useFakeTimers({now: Date.UTC(2026, 0, 1)});
});
afterEach(() => {
  vi.useRealTimers();
});

describe('which hosts get a cookie', () => {
  it.each([
    ['without Domain, the host itself', 'a=1', 'https://www.example.com/', 'https://www.example.com/', true],
    ['without Domain, no host under it', 'a=1', 'https://example.com/', 'https://www.example.com/', false],
    [
      'with Domain, the host itself',
      'a=1; Domain=example.com',
      'https://example.com/',
      'https://example.com/',
      true,
    ],
    [
      'with Domain, the hosts under it',
      'a=1; Domain=example.com',
      'https://example.com/',
      'https://a.b.example.com/',
      true,
    ],
    [
      'with a Domain that begins with a dot, the same',
      'a=1; Domain=.example.com',
      'https://www.example.com/',
      'https://example.com/',
      true,
    ],
    [
      'with a Domain in upper case, the same',
      'a=1; DOMAIN=EXAMPLE.COM',
      'https://www.example.com/',
      'https://example.com/',
      true,
    ],
    [
      'no host whose name only ends alike',
      'a=1; Domain=example.com',
      'https://example.com/',
      'https://badexample.com/',
      false,
    ],
    ['the same host on another port', 'a=1', 'https://example.com:8443/', 'https://example.com:9443/', true],
    ['an IPv4 address itself', 'a=1', 'http://192.0.2.1/', 'http://192.0.2.1/', true],
    [
      'an IPv4 address that Domain names',
      'a=1; Domain=192.0.2.1',
      'http://192.0.2.1/',
      'http://192.0.2.1/',
      true,
    ],
    ['an IPv6 address itself', 'a=1', 'http://[2001:db8::1]/', 'http://[2001:db8::1]/', true],
    [
      'a name in another script',
      'a=1; Domain=bücher.example',
      'https://xn--bcher-kva.example/',
      'https://shop.xn--bcher-kva.example/',
      true,
    ],
    ['a host of one label', 'a=1', 'http://intranet/', 'http://intranet/', true],
    [
      'the hosts of a domain for private use',
      'a=1; Domain=corp.internal',
      'http://a.corp.internal/',
      'http://b.corp.internal/',
      true,
    ],
  ])('%s', async (_, line, from, to, isSent) => {
    expect(await setAndSend(line, from, to)).toBe(isSent ? 'a=1' : '');
  });

  it.each([
    ['another site', 'Domain=other.example', 'https://example.com/'],
    ['a host under its own', 'Domain=a.example.com', 'https://example.com/'],
    ['a public suffix', 'Domain=co.uk', 'https://shop.co.uk/'],
    ['a suffix under which people register names', 'Domain=github.io', 'https://me.github.io/'],
    ['a top-level domain', 'Domain=com', 'https://example.com/'],
    ['the end of an IP address', 'Domain=0.2.1', 'http://192.0.2.1/'],
    ['another IP address', 'Domain=192.0.2.2', 'http://192.0.2.1/'],
    ['a domain with two dots before it', 'Domain=..example.com', 'https://example.com/'],
    ['a domain with a space before it', 'Domain=. example.com', 'https://example.com/'],
    ['a domain with a port', 'Domain=example.com:443', 'https://example.com/'],
  ])('a host cannot set a cookie for %s', async (_, attribute, url) => {
    const jar = cookieJar();
    const error = await rejection(jar.set(`a=s3cret; ${attribute}`, url));
    expect(error).toMatchObject({name: 'InvalidOptionError', option: 'cookie'});
    expect(error.message).toMatch(/Domain/);
    expect(error.message).not.toContain('s3cret');
    expect(await jar.list()).toEqual([]);
  });

  it('a host that is a public suffix may set cookies for itself alone', async () => {
    const jar = cookieJar();
    await jar.set('a=1; Domain=github.io', 'https://github.io/');
    expect(await sent(jar, 'https://github.io/')).toBe('a=1');
    expect(await sent(jar, 'https://me.github.io/')).toBe('');
  });
});

describe('which paths get a cookie', () => {
  it.each([
    ['/docs', '/docs', true],
    ['/docs', '/docs/', true],
    ['/docs', '/docs/web', true],
    ['/docs', '/docsets', false],
    ['/docs/', '/docs', false],
    ['/', '/anything', true],
    ['relative', '/other', false],
    ['/a%20b', '/a%20b/c', true],
    ['/Docs', '/docs', false],
  ])('Path=%s and a request of %s', async (attribute, path, isSent) => {
    expect(
      await setAndSend(`a=1; Path=${attribute}`, 'https://example.com/x/y', `https://example.com${path}`),
    ).toBe(isSent ? 'a=1' : '');
  });

  it.each([
    ['/x/y', '/x/z', true],
    ['/x/y', '/x', true],
    ['/x/y', '/', false],
    ['/x', '/', true],
    ['/x/y/', '/x/y/z', true],
    ['/x/y/', '/x/z', false],
  ])('without Path, a cookie of %s belongs to that directory: %s', async (from, to, isSent) => {
    expect(await setAndSend('a=1', `https://example.com${from}?q=/q/`, `https://example.com${to}`)).toBe(
      isSent ? 'a=1' : '',
    );
  });

  it('cookies of one name and several paths are all sent, the longest path first', async () => {
    const jar = cookieJar();
    await jar.set('a=root; Path=/', 'https://example.com/');
    await jar.set('a=deep; Path=/x/y', 'https://example.com/x/y');
    await jar.set('b=root; Path=/', 'https://example.com/');
    await jar.set('a=middle; Path=/x', 'https://example.com/x');
    expect(await sent(jar, 'https://example.com/x/y/z')).toBe('a=deep; a=middle; a=root; b=root');
  });

  it('a cookie that is set again keeps its place among those with paths of the same length', async () => {
    const jar = cookieJar();
    for (const line of ['a=1', 'b=1', 'a=2']) {
      vi.advanceTimersByTime(1_000);
      await jar.set(line, 'https://example.com/');
    }
    expect(await sent(jar, 'https://example.com/')).toBe('a=2; b=1');
  });

  it('a cookie for one host and one for its domain are two cookies, even under one name', async () => {
    const jar = cookieJar();
    await jar.set('a=host', 'https://example.com/');
    await jar.set('a=domain; Domain=example.com', 'https://example.com/');
    expect(await sent(jar, 'https://example.com/')).toBe('a=host; a=domain');
    expect(await sent(jar, 'https://www.example.com/')).toBe('a=domain');
  });
});

describe('Secure', () => {
  it.each([
    ['https://example.com/', 'https://example.com/', true],
    ['https://example.com/', 'http://example.com/', false],
    ['http://example.com/', 'https://example.com/', false],
    ['http://localhost:3000/', 'http://localhost:3000/', true],
    ['http://app.localhost/', 'http://app.localhost/', true],
    ['http://127.0.0.1/', 'http://127.0.0.1/', true],
    ['http://[::1]/', 'http://[::1]/', true],
    ['http://127.0.0.1.example.com/', 'http://127.0.0.1.example.com/', false],
    ['http://notlocalhost/', 'http://notlocalhost/', false],
  ])('a cookie with Secure that %s sets, and a request to %s', async (from, to, isSent) => {
    expect(await setAndSend('a=1; Secure', from, to)).toBe(isSent ? 'a=1' : '');
  });

  it('HTTP neither replaces nor hides a cookie with Secure', async () => {
    const jar = cookieJar();
    await jar.set('a=good; Secure; Path=/login; Domain=example.com', 'https://www.example.com/login');
    for (const line of [
      'a=bad; Path=/login; Domain=example.com',
      'a=bad; Path=/login/en',
      'a=bad; Path=/login; Max-Age=0; Domain=example.com',
    ]) {
      const error = await rejection(jar.set(line, 'http://www.example.com/login'));
      expect(error.message).toContain('Secure');
    }
    await jar.set('a=other; Path=/', 'http://www.example.com/');
    expect(await sent(jar, 'https://www.example.com/login')).toBe('a=good; a=other');
  });

  it('SameSite=None needs Secure, and other values decide nothing', async () => {
    expect(await setAndSend('a=1; SameSite=None', 'https://example.com/')).toBe('');
    for (const attributes of ['SameSite=None; Secure', 'SameSite=Strict', 'SameSite=Lax', 'SameSite=what']) {
      expect(await setAndSend(`a=1; ${attributes}`, 'https://example.com/')).toBe('a=1');
    }
  });
});

describe('prefixes of names', () => {
  it.each([
    ['__Secure-a=1; Secure', true],
    ['__Secure-a=1', false],
    ['__SECURE-a=1', false],
    ['__Host-a=1; Secure; Path=/', true],
    ['__Host-a=1; Secure', false],
    ['__Host-a=1; Path=/', false],
    ['__Host-a=1; Secure; Path=/x', false],
    ['__host-a=1; Secure; Path=/; Domain=example.com', false],
    ['=__Host-a=1; Secure; Path=/', false],
    ['__Secure-a', false],
    ['__Hosta=1', true],
  ])('%s', async (line, isKept) => {
    const jar = cookieJar();
    await jar.set(line, 'https://example.com/').catch(() => undefined);
    expect(await jar.list()).toHaveLength(isKept ? 1 : 0);
  });
});

describe('how Set-Cookie is read', () => {
  it.each([
    ['a=1', 'a=1'],
    ['  a  =  1  ; Path=/', 'a=1'],
    ['a="quoted value"', 'a="quoted value"'],
    ['a="semi;colon"', 'a="semi'],
    ['a=b=c==', 'a=b=c=='],
    ['a=', 'a='],
    ['a', 'a'],
    ['=a', 'a'],
    ['=a=b', 'a=b'],
    ['a={"json":[1,2]}', 'a={"json":[1,2]}'],
    ['a=1,b=2', 'a=1,b=2'],
    ['a=%E2%82%AC+x', 'a=%E2%82%AC+x'],
    ['a=\xe4\xa0', 'a=\xe4\xa0'],
    ['a=1; unknown; =x; ;; HttpOnly', 'a=1'],
    ['a=x\ty', 'a=x\ty'],
    ['a=x\x7fy', ''],
    ['a=x\x01y', ''],
    ['a=1\r\nset-cookie: b=2', ''],
    ['=', ''],
    ['', ''],
    ['; Path=/', ''],
  ])('%j is sent as %j', async (line, header) => {
    expect(await setAndSend(line, 'https://example.com/')).toBe(header);
  });

  it('the last of several attributes of one name counts', async () => {
    expect(await setAndSend('a=1; Path=/x; Path=/', 'https://example.com/')).toBe('a=1');
    expect(await setAndSend('a=1; Max-Age=0; Max-Age=60', 'https://example.com/')).toBe('a=1');
  });

  it('name and value may have 4,096 bytes together, and an attribute 1,024', async () => {
    expect(await setAndSend(`a=${'x'.repeat(4_095)}`, 'https://example.com/')).toHaveLength(4_097);
    expect(await setAndSend(`a=${'x'.repeat(4_096)}`, 'https://example.com/')).toBe('');
    const path = `/${'x'.repeat(1_024)}`;
    expect(await setAndSend(`a=1; Path=${path}`, 'https://example.com/', 'https://example.com/')).toBe('a=1');
    expect(await setAndSend(`a=1; Path=${path.slice(1)}`, 'https://example.com/')).toBe('a=1');
  });
});

describe('expiry', () => {
  it.each([
    ['Sat, 03 Jan 2026 00:00:00 GMT', 'the format of HTTP'],
    ['Saturday, 03-Jan-26 00:00:00 GMT', 'the format of RFC 850'],
    ['Sat Jan  3 00:00:00 2026', 'the format of asctime'],
    ['Sat, 03-Jan-2026 00:00:00 GMT', 'with hyphens'],
    ['3 jan 2026 0:0:0', 'short'],
    ['2026 Jan 03 00:00:00 GMT+0000 (UTC)', 'the year first'],
    ['Sat, 03 Jan 2026 00:00:00 -0800', 'with a zone, which is ignored'],
    ['Thu, 03 January 2026 00:00:00', 'with the whole month'],
  ])('Expires=%s is read (%s)', async (date) => {
    const jar = cookieJar();
    await jar.set(`a=1; Expires=${date}`, 'https://example.com/');
    expect((await jar.list())[0]?.expires).toBe(Date.UTC(2026, 0, 3));
  });

  it.each([
    'never',
    '0',
    '-1',
    'Sat, 32 Jan 2026 00:00:00 GMT',
    'Sat, 03 Jan 1500 00:00:00 GMT',
    '2026-01-03T00:00:00Z',
  ])('Expires=%s is no date, and the cookie lasts as long as the jar', async (date) => {
    const jar = cookieJar();
    await jar.set(`a=1; Expires=${date}`, 'https://example.com/');
    expect(await jar.list()).toMatchObject([{name: 'a'}]);
    expect((await jar.list())[0]?.expires).toBeUndefined();
  });

  it('Max-Age counts from the response, however often the cookie is sent, and takes precedence over Expires', async () => {
    const jar = cookieJar();
    await jar.set('a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'https://example.com/');
    vi.advanceTimersByTime(40_000);
    expect(await sent(jar, 'https://example.com/')).toBe('a=1');
    vi.advanceTimersByTime(20_000);
    expect(await sent(jar, 'https://example.com/')).toBe('');
    expect(await jar.list()).toEqual([]);
  });

  it.each([
    'Max-Age=0',
    'Max-Age=-1',
    'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    'Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT',
  ])('%s removes the cookie of the same name, domain and path, and no other', async (attribute) => {
    const jar = cookieJar();
    await jar.set('a=1; Path=/', 'https://example.com/');
    await jar.set('a=1; Path=/x', 'https://example.com/');
    await jar.set(`a=; Path=/; ${attribute}`, 'https://example.com/');
    expect(await jar.list()).toMatchObject([{path: '/x'}]);
  });

  it('no cookie lasts longer than 400 days', async () => {
    const jar = cookieJar();
    await jar.set('a=1; Max-Age=99999999999999999999', 'https://example.com/');
    await jar.set('b=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT', 'https://example.com/');
    const most = Date.now() + 400 * 86_400_000;
    expect((await jar.list()).map(({expires}) => expires)).toEqual([most, most]);
  });
});

describe('bounds', () => {
  it('a site has 180 cookies at most, on all its hosts, and the one unused for longest goes first', async () => {
    const jar = cookieJar();
    for (let index = 0; index < 180; index++) {
      vi.advanceTimersByTime(1);
      await jar.set(`c${index}=1`, `https://h${index}.example.com/`);
    }
    vi.advanceTimersByTime(1);
    await jar.get('https://h0.example.com/');
    await jar.set('other=1', 'https://other.example/');
    await jar.set('new=1', 'https://www.example.com/');
    const names = (await jar.list()).map(({name}) => name);
    expect(names).toHaveLength(181);
    expect(names).toContain('c0');
    expect(names).not.toContain('c1');
  });

  it('expired cookies go before any other', async () => {
    const jar = cookieJar({maxCookiesPerSite: 2});
    await jar.set('old=1', 'https://example.com/');
    vi.advanceTimersByTime(1);
    await jar.set('short=1; Max-Age=1', 'https://example.com/');
    vi.advanceTimersByTime(5_000);
    await jar.set('new=1', 'https://example.com/');
    expect((await jar.list()).map(({name}) => name)).toEqual(['old', 'new']);
  });

  it('a jar has 3,000 cookies at most', async () => {
    const jar = cookieJar();
    for (let index = 0; index < 3_001; index++) {
      vi.advanceTimersByTime(1);
      await jar.set('a=1', `https://site${index}.com/`);
    }
    const domains = (await jar.list()).map(({domain}) => domain);
    expect(domains).toHaveLength(3_000);
    expect(domains).not.toContain('site0.com');
  });
});
