import {describe, expect, it} from 'vitest';
import {parseLinkHeader} from '../../../src/client/link-header.ts';
import {FlatHeaderList} from '../../../src/core/flat-header-list.ts';
import {parseContentRange} from '../../../src/download/content-range.ts';
import {parseDigestField} from '../../../src/download/digest.ts';
import {validatorOf} from '../../../src/download/validator.ts';
import {parseChallenges, parseParameters} from '../../../src/policies/auth/challenge.ts';
import {quotaOf, retryAfter} from '../../../src/policies/retry-after.ts';
import {readErrorData} from '../../../src/session/error-data.ts';
import {parseEvents} from '../../../src/streams/parse-events.ts';
import {splitLines} from '../../../src/streams/split-lines.ts';
import {bareMediaType} from '../../../src/utils/media-type.ts';

/**
 * Texts that are repeated to hostile inputs: characters with a meaning in some header, and beginnings of what a parser looks
 * for. Most of them make a pattern such as `.*x$` or `\s+$` search from each place again.
 */
const units = [
  'a',
  ' ',
  '\t',
  ',',
  ';',
  ':',
  '=',
  '"',
  '\\',
  '/',
  '<',
  '*',
  '0',
  '-',
  '.',
  'A ',
  'a=',
  'a,',
  'a="',
  '\\"',
  '"\\',
  '/-',
  '/a',
  '/json',
  '+json/',
  '<a>;',
  'a/b ',
  ': ',
  'a= b',
  ', auth',
  'qop=auth,',
  'sha-256=:',
  '"a";r=',
  'limit=',
  '\n',
  '\r',
];
/** The length of the shorter inputs. The longer ones have four times that length. */
const length = 10_000;
/**
 * How many times longer a parser may take for an input of four times the length. The steps of a linear parser grow to four
 * times as many, and those of a quadratic one to sixteen times as many.
 */
const mostGrowth = 10;
/** Times below this, in ms, say more about the machine than about the parser. */
const leastTime = 2;

const parsers: ReadonlyArray<readonly [string, (text: string) => unknown]> = [
  ['the media type of a response', bareMediaType],
  ['the error data of a response', (text) => readErrorData(textResponse('content-type', `a/${text}`))],
  ['a challenge', parseChallenges],
  ['a Digest challenge', (text) => parseChallenges(`Digest realm="a", ${text}`)],
  ['a Digest challenge without an end', (text) => parseChallenges(`Digest realm="${text}`)],
  ['a Digest challenge without quotes', (text) => parseChallenges(`Digest qop=${text}`)],
  ['Authentication-Info', parseParameters],
  ['Link', parseLinkHeader],
  ['Link with a target', (text) => parseLinkHeader(`<https://a.test/>; rel="${text}`)],
  ['Content-Range', (text) => parseContentRange(`bytes ${text}`)],
  ['Repr-Digest', parseDigestField],
  ['ETag and Last-Modified', (text) => validatorOf(headers({etag: `"${text}`, 'last-modified': text}))],
  ['RateLimit', (text) => quotaOf(headers({ratelimit: text, 'ratelimit-reset': text}))],
  ['Retry-After', (text) => retryAfter({status: 429, headers: headers({'retry-after': text})} as Response)],
  ['a header of a call', (text) => attempt(() => FlatHeaderList.from({a: `\t a${text}a `}))],
  ['an event', (text) => feed(parseEvents({lastEventId: '', retry: undefined}, Infinity), text)],
  ['lines', (text) => feed(splitLines('iterLines', {}), text)],
];

function headers(fields: Record<string, string>): Headers {
  const list = new Headers();
  for (const [name, value] of Object.entries(fields)) attempt(() => list.set(name, value));
  return list;
}

function textResponse(name: string, value: string): Response {
  return {body: new Blob(['{}']).stream(), headers: headers({[name]: value})} as unknown as Response;
}

/** Ignores that a platform's `Headers` refuse a line end. */
function attempt(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
  }
}

function feed(parse: (chunk: Uint8Array<ArrayBuffer>) => Iterable<unknown>, text: string): number {
  const bytes = new TextEncoder().encode(text);
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1_000)
    for (const _ of parse(bytes.subarray(at, at + 1_000))) count++;
  return count;
}

/** The median of the processor times, in ms, that a parser takes for texts of a unit. */
async function timeOf(parse: (text: string) => unknown, unit: string, size: number): Promise<number> {
  const text = unit.repeat(Math.ceil(size / unit.length));
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = process.cpuUsage();
    await parse(text);
    await parse(`${text}!`);
    const {user, system} = process.cpuUsage(before);
    times.push((user + system) / 1_000);
  }
  return times.toSorted((first, second) => first - second)[1] as number;
}

/** How many times longer a parser takes for a text of four times the length. */
async function growthOf(parse: (text: string) => unknown, unit: string, size = length): Promise<number> {
  const long = await timeOf(parse, unit, 4 * size);
  return long / Math.max(leastTime, await timeOf(parse, unit, size));
}

describe('parsers of what a server sends', () => {
  it.each(parsers)('the parser of %s takes linear time for hostile texts', async (_name, parse) => {
    for (const unit of units) {
      // A pause of the garbage collector may fall into one measurement. A quadratic parser is never fast.
      let growth = await growthOf(parse, unit);
      for (let retry = 0; growth >= mostGrowth && retry < 2; retry++) growth = await growthOf(parse, unit);
      expect(growth, `growth for ${JSON.stringify(unit)}`).toBeLessThan(mostGrowth);
    }
  });

  it('the measure tells a quadratic pattern', async () => {
    const parse = (text: string) => /a+$/.test(text);
    // The engine compiles the pattern only when it is used often: else the short text would be slow too.
    for (let round = 0; round < 10; round++) parse(`${'a'.repeat(1_000)}!`);
    const growths: number[] = [];
    for (let round = 0; round < 3; round++) growths.push(await growthOf(parse, 'a', 4_000));
    expect(Math.max(...growths)).toBeGreaterThan(mostGrowth);
  });

  it.each([
    ['application/json', true],
    ['application/problem+json', true],
    ['application/vnd.api.json', true],
    ['application/x-json', true],
    ['text/json; charset=utf-8', true],
    ['application/hjson', false],
    ['application/json5', false],
    ['text/plain', false],
    [null, false],
  ])('the body of an error response of the type %s is parsed as JSON: %s', async (type, isParsed) => {
    const response = new Response('{"a":1}', type === null ? {} : {headers: {'content-type': type}});
    expect(await readErrorData(response)).toEqual(isParsed ? {a: 1} : '{"a":1}');
  });
});
