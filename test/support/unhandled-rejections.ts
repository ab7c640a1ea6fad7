import {setImmediate as nextTurn} from 'node:timers/promises';
import {afterEach, beforeEach, expect} from 'vitest';

/** Has each test of the file fail that leaves a rejection which nobody handles. */
export function expectNoUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => void unhandled.push(reason);
  beforeEach(() => {
    unhandled.length = 0;
    process.on('unhandledRejection', onUnhandled);
  });
  afterEach(async () => {
    await nextTurn();
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });
}
