import {expect, it} from 'vitest';
import {cookieJar, fromNetscape, toNetscape} from '../../../../src/policies/cookies/index.ts';
import {thrown} from '../../../support/mock-session.ts';

const url = 'https://www.shop.test/';

it('cookies are written as curl writes them', async () => {
  const jar = cookieJar();
  const expires = (Math.floor(Date.now() / 1_000) + 3_600) * 1_000;
  await jar.set('a=1', url);
  await jar.set(
    {name: 'b', value: 'x y', domain: 'shop.test', path: '/p', secure: true, httpOnly: true, expires},
    url,
  );
  await jar.set('empty=', url);
  expect(toNetscape(await jar.list())).toBe(
    [
      '# Netscape HTTP Cookie File',
      '',
      'www.shop.test\tFALSE\t/\tFALSE\t0\ta\t1',
      `#HttpOnly_.shop.test\tTRUE\t/p\tTRUE\t${expires / 1_000}\tb\tx y`,
      'www.shop.test\tFALSE\t/\tFALSE\t0\tempty\t',
      '',
    ].join('\n'),
  );
});

it('what is written is read again', async () => {
  const jar = cookieJar();
  await jar.set('a=1; Path=/', url);
  await jar.set('b="2"; Domain=shop.test; Path=/; Secure; HttpOnly', url);
  const again = cookieJar({cookies: fromNetscape(toNetscape(await jar.list()))});
  expect(await again.get(url)).toMatchObject([
    {name: 'a', hostOnly: true},
    {name: 'b', value: '"2"', hostOnly: false, secure: true, httpOnly: true},
  ]);
});

it('what the format has no place for is left out', async () => {
  const jar = cookieJar();
  await jar.set('nameless', url);
  await jar.set('tab=a\tb', url);
  expect(fromNetscape(toNetscape(await jar.list()))).toEqual([]);
});

it('comments, empty lines, CRLF and an empty value without its tab are read', () => {
  const text = '# Netscape HTTP Cookie File\r\n\r\n# a comment\r\nshop.test\tFALSE\t/\tFALSE\t0\ta\r\n';
  expect(fromNetscape(text)).toMatchObject([{name: 'a', value: '', domain: 'shop.test', hostOnly: true}]);
});

it('an expired cookie is read, and no jar keeps it', async () => {
  const cookies = fromNetscape('shop.test\tFALSE\t/\tFALSE\t1\ta\t1');
  expect(cookies).toHaveLength(1);
  expect(await cookieJar({cookies}).list()).toEqual([]);
});

it.each([
  'shop.test FALSE / FALSE 0 a s3cret',
  'shop.test\tFALSE\t/\tFALSE\t0\ta\ts3cret\tmore',
  'shop.test\tno\t/\tFALSE\t0\ta\ts3cret',
  'shop.test\tFALSE\trelative\tFALSE\t0\ta\ts3cret',
  'shop.test\tFALSE\t/\tFALSE\tsoon\ta\ts3cret',
  '\tFALSE\t/\tFALSE\t0\ta\ts3cret',
])('a line that is no cookie is an error with its number, and without its text: %j', (line) => {
  const error = thrown(() => fromNetscape(`# comment\n${line}`));
  expect(error).toMatchObject({name: 'InvalidOptionError', option: 'text'});
  expect(error.message).toContain('line 2');
  expect(error.message).not.toContain('s3cret');
});
