import {describe, expect, it} from 'vitest';
import {afterNotifications, notify} from '../../../src/core/notify.ts';

describe('a step', () => {
  it('is done at once when nobody is being told anything', () => {
    let done = false;
    afterNotifications(() => {
      done = true;
    });
    expect(done).toBe(true);
  });

  it('is done after all that is being told, and the step that tells it', async () => {
    const order: string[] = [];
    notify(() => {
      notify(() => order.push('told within'));
      afterNotifications(() => order.push('done'));
      order.push('told');
    });
    order.push('the step that told');
    await Promise.resolve();
    expect(order).toEqual(['told within', 'told', 'the step that told', 'done']);
  });

  it('is done at once again after one who was told has thrown', () => {
    const thrown = new Error('not that');
    expect(() =>
      notify(() => {
        throw thrown;
      }),
    ).toThrow(thrown);
    let done = false;
    afterNotifications(() => {
      done = true;
    });
    expect(done).toBe(true);
  });
});
