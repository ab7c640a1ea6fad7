import {expect, test} from 'vitest';
import {createRedirects} from '../../examples/crawl/redirects.ts';

test('a redirect to where it came from is a loop, and so is the last of several', () => {
  const redirects = createRedirects();
  expect(redirects.add('a', 'a', 0)).toBe('redirect loop');
  expect(redirects.add('b', 'c', 0)).toBeUndefined();
  expect(redirects.add('c', 'd', 1)).toBeUndefined();
  expect(redirects.add('d', 'b', 2)).toBe('redirect loop');
});

test('a redirect into a loop that it is not a member of is not followed for ever', () => {
  const redirects = createRedirects();
  redirects.add('a', 'b', 0);
  redirects.add('b', 'a', 1);
  expect(redirects.add('c', 'a', 0)).toBe('too many redirects');
});

test('twenty redirects in a row are followed, and no more', () => {
  const redirects = createRedirects();
  const problems = Array.from({length: 21}, (_, index) => redirects.add(`${index}`, `${index + 1}`, index));
  expect(problems.slice(0, 20)).toEqual(Array(20).fill(undefined));
  expect(problems[20]).toBe('too many redirects');
});
