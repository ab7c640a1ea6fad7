import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {iterEvents} from '../../../src/index.ts';
import {chunked, collect, collectToFailure, cutAt, cuts, encode} from './support.ts';

const message = (data: string, id = '') => ({event: 'message', data, id});

describe('iterEvents', () => {
  // The examples of the HTML standard, and what else its grammar has.
  it.each<[string, object[]]>([
    ['data: YHOO\ndata: +2\ndata: 10\n\n', [message('YHOO\n+2\n10')]],
    [
      ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n',
      [message('first event', '1'), message('second event'), message(' third event')],
    ],
    ['data\n\ndata\ndata\n\ndata:', [message(''), message('\n')]],
    ['data:test\n\ndata: test\n\n', [message('test'), message('test')]],
    ['event: add\ndata: 1\n\ndata: 2\n\n', [{event: 'add', data: '1', id: ''}, message('2')]],
    ['data: a\r\rdata: b\r\n\r\ndata: c\n\n', [message('a'), message('b'), message('c')]],
    ['id: 7\n\ndata: a\n\n', [message('a', '7')]],
    ['id: a\0b\ndata: a\n\n', [message('a')]],
    ['retry: 50\ndata: a\n\nretry: x\ndata: b\n\n', [{...message('a'), retry: 50}, message('b')]],
    ['\ufeffdata: a\n\n', [message('a')]],
    ['data: broken off\n', []],
    ['unknown: 1\ndata: a\n\n', [message('a')]],
    ['', []],
  ])('the body %j has its events', async (body, events) => {
    const whole = iterEvents(chunked([encode(body)]).response);
    expect(await collect(whole)).toEqual(events);
    const bytes = Array.from(encode(body), (byte) => Uint8Array.of(byte));
    expect(await collect(iterEvents(chunked(bytes).response))).toEqual(events);
  });

  it('the events are the same however the bytes are split', async () => {
    const line = fc.constantFrom(
      'data: é',
      'data:🌍',
      'data',
      'id: 1',
      'id: ü',
      'event: add',
      'retry: 10',
      ': note',
      '',
      '',
    );
    const body = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), {maxLength: 30})
      .map((lines) => lines.flat().join(''));
    const property = fc.asyncProperty(body, cuts, async (content, places) => {
      const whole = iterEvents(chunked([encode(content)]).response);
      const split = iterEvents(chunked(cutAt(encode(content), places)).response);
      const events = await collect(whole);
      expect(await collect(split)).toEqual(events);
      expect([split.lastEventId, split.retry]).toEqual([whole.lastEventId, whole.retry]);
    });
    await fc.assert(property, {numRuns: 500});
  });

  it.each([
    ['a line without an end', 'data: ', ''],
    ['lines without an end', 'data: ', '\n'],
    ['a comment and lines of an event', ': \ndata: ', '\ndata: '],
  ])('iterEvents keeps 16 MiB of an event by default: %s', async (_name, start, lineEnd) => {
    const text = 'x'.repeat(1_048_570) + lineEnd;
    const chunks = Array.from({length: 40}, (_, index) =>
      encode(index === 0 || lineEnd === '\n' ? start + text : text),
    );
    const {response, state} = chunked([encode('data: a\n\n'), ...chunks]);
    const {all, error} = await collectToFailure(iterEvents(response));
    expect(all).toEqual([message('a')]);
    expect(error).toMatchObject({name: 'AiofetchError', code: 'ERR_EVENT_TOO_LONG', phase: 'receive'});
    expect(state.taken).toBeLessThan(20);
    expect(state.cancelled).toBe(error);
  });

  it('an event as long as maxLength arrives after the events before it, and a longer event is an error', async () => {
    const body = 'data: a\n\ndata: 12345\n\ndata: 123456';
    const {all, error} = await collectToFailure(iterEvents(new Response(body), {maxLength: 10}));
    expect(all).toEqual([message('a'), message('12345')]);
    expect(error).toMatchObject({code: 'ERR_EVENT_TOO_LONG'});
    expect(error).toMatchObject({message: expect.stringContaining('10 characters')});
    expect(await collect(iterEvents(new Response(body), {maxLength: Infinity}))).toHaveLength(2);
    await expect(iterEvents(new Response(body), {maxLength: 0}).next()).rejects.toThrow('maxLength');
  });

  it('lastEventId is the id of the last event that was yielded, not of the last one that arrived', async () => {
    const body = encode('id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n');
    const events = iterEvents(chunked([body]).response, {lastEventId: '0'});
    expect(events.lastEventId).toBe('0');
    expect((await events.next()).value).toMatchObject({data: 'a', id: '1'});
    expect(events.lastEventId).toBe('1');
    expect((await events.next()).value).toMatchObject({data: 'b', id: '2'});
    expect(events.lastEventId).toBe('2');
    expect((await events.next()).done).toBe(true);
    expect(events.lastEventId).toBe('3');
  });

  it('events without an id have the id of the option lastEventId', async () => {
    const events = iterEvents(new Response('data: a\n\nretry: 9\n\n'), {lastEventId: '5'});
    expect(await collect(events)).toEqual([message('a', '5')]);
    expect([events.lastEventId, events.retry]).toEqual(['5', 9]);
  });

  it('leaving the loop cancels the body', async () => {
    const {response, state} = chunked(Array.from({length: 5}, () => encode('data: a\n\n')));
    for await (const _ of iterEvents(response)) break;
    expect(state).toMatchObject({taken: 1, cancelled: expect.any(Error)});
  });
});
