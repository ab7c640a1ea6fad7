import {describe, expect, it} from 'vitest';
import {afterNotifications, notify} from '../../../src/core/notify.ts';

const listener = {};

describe('a step after notifications', () => {
  it('a step runs at once when no listener is being notified', () => {
    let done = false;
    afterNotifications(() => {
      done = true;
    });
    expect(done).toBe(true);
  });

  it('a step runs after all notifications, and after the step that notifies', async () => {
    const order: string[] = [];
    notify(listener, () => {
      notify(listener, () => order.push('told within'));
      afterNotifications(() => order.push('done'));
      order.push('told');
    });
    order.push('the step that told');
    await Promise.resolve();
    expect(order).toEqual(['told within', 'told', 'the step that told', 'done']);
  });

  it('a step runs at once again after a listener has thrown', () => {
    const thrown = new Error('not that');
    expect(() =>
      notify(listener, () => {
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
