import {getEventListeners} from 'node:events';
import {describe, expect, it, vi} from 'vitest';
import {Lifetime} from '../../../src/core/call-lifetime.ts';
import {LinkedList} from '../../../src/utils/linked-list.ts';

/** A listener, and the reasons that it was notified with. */
function listener() {
  const told: unknown[] = [];
  return {told, aborted: (reason: unknown) => void told.push(reason)};
}

describe('the signal of a call', () => {
  it('the signal is the same at each read, and is aborted with the call', () => {
    const lifetime = new Lifetime();
    const {signal} = lifetime;
    expect(signal.aborted).toBe(false);
    expect(lifetime.signal).toBe(signal);
    lifetime.abort('enough');
    expect(signal).toMatchObject({aborted: true, reason: 'enough'});
    expect(lifetime.signal).toBe(signal);
  });

  it('a signal that is first read after the abort is aborted already', () => {
    const lifetime = new Lifetime();
    lifetime.abort('enough');
    expect(lifetime.signal).toMatchObject({aborted: true, reason: 'enough'});
  });
});

describe('the abort of a call', () => {
  it('an abort notifies all listeners once, in the order in which they were added', () => {
    const lifetime = new Lifetime();
    const order: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      lifetime.onAbort({aborted: (reason) => void order.push(`${name}: ${reason}`)});
    }
    lifetime.abort('enough');
    lifetime.abort('again');
    expect(order).toEqual(['first: enough', 'second: enough', 'third: enough']);
    expect(lifetime.reason).toBe('enough');
  });

  it.each([0, 1, 2])('an abort does not notify a listener that was removed: number %i of three', (left) => {
    const lifetime = new Lifetime();
    const listeners = [listener(), listener(), listener()];
    for (const each of listeners) lifetime.onAbort(each);
    lifetime.offAbort(listeners[left] as never);
    lifetime.abort('enough');
    expect(listeners.map(({told}) => told.length)).toEqual(
      [0, 1, 2].map((index) => (index === left ? 0 : 1)),
    );
  });

  it('an abort after the end of the call has no effect', () => {
    const lifetime = new Lifetime();
    const listening = listener();
    lifetime.onAbort(listening);
    lifetime.deliver();
    lifetime.abort('late');
    expect(lifetime).toMatchObject({isAborted: false, failed: false, reason: undefined});
    expect(listening.told).toEqual([]);
  });

  it('an abort ends the call at once before its response is delivered, and with its body afterwards', () => {
    const waiting = Object.assign(new Lifetime(), {atEnd: vi.fn()});
    waiting.bodyOpened();
    waiting.abort('enough');
    expect(waiting.atEnd).toHaveBeenCalledTimes(1);
    const delivered = Object.assign(new Lifetime(), {atEnd: vi.fn()});
    delivered.bodyOpened();
    delivered.deliver();
    delivered.abort('enough');
    expect(delivered.atEnd).not.toHaveBeenCalled();
    expect(delivered).toMatchObject({failed: true, reason: 'enough'});
    delivered.bodyClosed(true, 'enough');
    expect(delivered.atEnd).toHaveBeenCalledTimes(1);
  });

  it('an abort rejects whenAborted(), whether it was called before or after', async () => {
    const lifetime = new Lifetime();
    const waiting = lifetime.whenAborted();
    lifetime.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    await expect(lifetime.whenAborted()).rejects.toBe('enough');
  });
});

describe('the signal that a call follows', () => {
  it('a followed signal aborts the call with its reason, and has no listener after the end of the call', () => {
    const controller = new AbortController();
    const [aborted, ended] = [new Lifetime(), new Lifetime()];
    aborted.follow(controller.signal);
    ended.follow(controller.signal);
    ended.end();
    controller.abort('enough');
    expect(aborted).toMatchObject({isAborted: true, reason: 'enough'});
    expect(ended.isAborted).toBe(false);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('a signal that is aborted already aborts the call at once, and gets no listener', () => {
    const signal = AbortSignal.abort('before');
    const lifetime = new Lifetime();
    lifetime.follow(signal);
    expect(lifetime).toMatchObject({isAborted: true, reason: 'before'});
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a call', () => {
  it('a call ends once, when its response was delivered and its last body has ended', () => {
    const lifetime = Object.assign(new Lifetime(), {atEnd: vi.fn()});
    lifetime.bodyOpened();
    lifetime.bodyClosed();
    expect(lifetime.atEnd).not.toHaveBeenCalled();
    lifetime.bodyOpened();
    lifetime.bodyOpened();
    lifetime.bodyClosed();
    lifetime.deliver();
    expect(lifetime.atEnd).not.toHaveBeenCalled();
    lifetime.bodyClosed();
    lifetime.end();
    expect(lifetime.atEnd).toHaveBeenCalledTimes(1);
    expect(lifetime.failed).toBe(false);
  });

  it('a call has failed when the body of its delivered response broke off, not when that of an earlier attempt did', () => {
    const lifetime = new Lifetime();
    lifetime.bodyOpened();
    lifetime.bodyClosed(true, 'of an attempt');
    expect(lifetime).toMatchObject({failed: false, reason: undefined});
    lifetime.bodyOpened();
    lifetime.deliver();
    lifetime.bodyClosed(true, 'broke off');
    expect(lifetime).toMatchObject({failed: true, reason: 'broke off'});
  });

  it('a call keeps its first failure', () => {
    const lifetime = new Lifetime();
    lifetime.abort('enough');
    lifetime.fail('what came of that');
    expect(lifetime.reason).toBe('enough');
    const other = new Lifetime();
    other.fail('by itself');
    expect(other).toMatchObject({isAborted: false, failed: true, reason: 'by itself'});
  });

  it('a call leaves the list of running calls when it ends', () => {
    const running = new LinkedList<Lifetime>();
    const lifetime = new Lifetime();
    running.append(lifetime);
    lifetime.deliver();
    expect(running.size).toBe(0);
  });

  it('a call has an unread body from its response until the body is read or has ended', () => {
    const [touched, closed, ended] = [new Lifetime(), new Lifetime(), new Lifetime()];
    for (const each of [touched, closed, ended]) {
      each.bodyOpened();
      expect(each.hasUnreadBody).toBe(true);
    }
    touched.bodyReadStarted();
    closed.bodyOpened();
    closed.bodyClosed();
    expect(closed.hasUnreadBody).toBe(true);
    closed.bodyClosed();
    ended.end();
    expect([touched, closed, ended].map(({hasUnreadBody}) => hasUnreadBody)).toEqual([false, false, false]);
  });

  it('timeLeft() is Infinity without a total timeout, and otherwise the rest of it', () => {
    vi.spyOn(performance, 'now').mockReturnValue(1_000);
    const lifetime = new Lifetime();
    expect(lifetime.timeLeft()).toBe(Infinity);
    lifetime.deadline = 1_250;
    expect(lifetime.timeLeft()).toBe(250);
    vi.restoreAllMocks();
  });
});
