import {beforeEach, describe, expect, it} from 'vitest';
import type {Desk} from './desk.ts';
import {openDesk} from './desk.ts';
import {pollDesk} from './poll.ts';
import type {Work} from './work.ts';

let desk: Desk;

beforeEach(async () => {
  desk = await openDesk('export const page = 1;');
});

const workOf = (count: number): Work => ({
  origin: 'http://127.0.0.1',
  side: 'native',
  kind: 'get',
  count,
  concurrency: 1,
});

describe('the desk', () => {
  it('a runtime gets each piece of work, and what it tells goes back to who asked', async () => {
    const polling = pollDesk(desk.origin, async ({count}) => ({seconds: count / 10}));
    expect(await desk.ask(workOf(10))).toEqual({seconds: 1});
    expect(await desk.ask(workOf(20))).toEqual({seconds: 2});
    await desk.close();
    await expect(polling).rejects.toThrow();
  });

  it('work that fails is told with its error, and the runtime takes the next', async () => {
    const polling = pollDesk(desk.origin, async ({count}) => {
      if (count === 1) throw new Error('No server');
      return {};
    });
    expect(await desk.ask(workOf(1))).toEqual({error: 'Error: No server'});
    expect(await desk.ask(workOf(2))).toEqual({});
    await desk.close();
    await expect(polling).rejects.toThrow();
  });

  it('a browser finds a page that loads the bundle', async () => {
    const page = await (await fetch(`${desk.origin}/`)).text();
    const file = /src="([^"]+)"/.exec(page)?.[1] ?? '';
    expect(await (await fetch(`${desk.origin}/${file}`)).text()).toBe('export const page = 1;');
    await desk.close();
  });
});
