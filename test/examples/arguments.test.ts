import {expect, test} from 'vitest';
import {parseArguments, UsageError} from '../../examples/crawl/arguments.ts';

function problem(...args: string[]): string {
  try {
    parseArguments(args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return '';
}

test('the arguments have defaults', () => {
  expect(parseArguments([])).toEqual({
    starts: [],
    limit: 50,
    limitPerHost: 10,
    maxPages: 1_000,
    timeout: 3_000,
    maxSize: 1_000_000,
    allHosts: false,
    json: false,
  });
});

test('every argument can be set', () => {
  const args =
    '--limit 6 --limit-per-host 2 --max-pages 9 --timeout 700 --max-size 10 --all-hosts --json http://a.test http://b.test';
  expect(parseArguments(args.split(' '))).toEqual({
    starts: ['http://a.test/', 'http://b.test/'],
    limit: 6,
    limitPerHost: 2,
    maxPages: 9,
    timeout: 700,
    maxSize: 10,
    allHosts: true,
    json: true,
  });
});

test('a repeated start URL is used once', () => {
  expect(parseArguments(['http://a.test', 'http://A.test/#x'])?.starts).toEqual(['http://a.test/']);
});

test('a lower limit also lowers the limit per host', () => {
  expect(parseArguments(['--limit', '4'])?.limitPerHost).toBe(4);
});

test.each(['-h', '--help'])('%s asks for help', (option) => {
  expect(parseArguments([option])).toBeUndefined();
});

test.each([
  ['0', '--limit'],
  ['abc', '--limit'],
  ['1.5', '--limit-per-host'],
  ['', '--max-pages'],
  ['1e3', '--max-pages'],
  ['3000000000', '--timeout'],
])('"%s" is refused for %s', (value, option) => {
  expect(problem(option, value)).toMatch(`${option} is "${value}"; it takes a whole number from 1`);
});

test.each([
  [['--unknown'], "Unknown option '--unknown'"],
  [['--limit'], "Option '--limit <value>' argument missing"],
  [['--limit', '-5'], "Option '--limit' argument is ambiguous"],
  [['--json=yes'], "Option '--json' does not take an argument"],
  [['example.com/x'], '"example.com/x" is not an http or https URL; did you mean https://example.com/x?'],
  [['ftp://example.com'], '"ftp://example.com" is not an http or https URL'],
  [['http://user:secret@example.com'], 'A URL with a user name or password is not supported'],
])('the arguments %j get an error of one line', (args, message) => {
  expect(problem(...args)).toBe(message);
});
