import {getEventListeners} from 'node:events';
import {describe, expect, it, vi} from 'vitest';
import {Lifetime} from '../../../src/core/call-lifetime.ts';
import {LinkedList} from '../../../src/utils/linked-list.ts';

/** One that listens, and what it was told. */
function listener() {
  const told: unknown[] = [];
  return {told, aborted: (reason: unknown) => void told.push(reason)};
}

describe('the signal of a call', () => {
  it('is the same whoever asks for it, and aborts with the call', () => {
    const lifetime = new Lifetime();
    const {signal} = lifetime;
    expect(signal.aborted).toBe(false);
    expect(lifetime.signal).toBe(signal);
    lifetime.abort('enough');
    expect(signal).toMatchObject({aborted: true, reason: 'enough'});
    expect(lifetime.signal).toBe(signal);
  });

  it('is aborted already for who asks after the abort', () => {
    const lifetime = new Lifetime();
    lifetime.abort('enough');
    expect(lifetime.signal).toMatchObject({aborted: true, reason: 'enough'});
  });
});

describe('the abort of a call', () => {
  it('tells all who listen, once, in the order they came', () => {
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

  it.each([0, 1, 2])('does not tell who listens no more: number %i of three', (left) => {
    const lifetime = new Lifetime();
    const listeners = [listener(), listener(), listener()];
    for (const each of listeners) lifetime.onAbort(each);
    lifetime.offAbort(listeners[left] as never);
    lifetime.abort('enough');
    expect(listeners.map(({told}) => told.length)).toEqual(
      [0, 1, 2].map((index) => (index === left ? 0 : 1)),
    );
  });

  it('is none once it is over', () => {
    const lifetime = new Lifetime();
    const listening = listener();
    lifetime.onAbort(listening);
    lifetime.deliver();
    lifetime.abort('late');
    expect(lifetime).toMatchObject({isAborted: false, failed: false, reason: undefined});
    expect(listening.told).toEqual([]);
  });

  it('ends it at once while nobody has its response, and with its body from then on', () => {
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

  it('rejects who waits for it, before and after', async () => {
    const lifetime = new Lifetime();
    const waiting = lifetime.whenAborted();
    lifetime.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    await expect(lifetime.whenAborted()).rejects.toBe('enough');
  });
});

describe('the signal that a call follows', () => {
  it('aborts it with its reason, and has no listener of it once it is over', () => {
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

  it('that is aborted already aborts it at once, and is not listened to', () => {
    const signal = AbortSignal.abort('before');
    const lifetime = new Lifetime();
    lifetime.follow(signal);
    expect(lifetime).toMatchObject({isAborted: true, reason: 'before'});
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a call', () => {
  it('is over once, when its caller has the response and the last of its bodies has ended', () => {
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

  it('has failed when the body broke off that its caller has, not one of an attempt before', () => {
    const lifetime = new Lifetime();
    lifetime.bodyOpened();
    lifetime.bodyClosed(true, 'of an attempt');
    expect(lifetime).toMatchObject({failed: false, reason: undefined});
    lifetime.bodyOpened();
    lifetime.deliver();
    lifetime.bodyClosed(true, 'broke off');
    expect(lifetime).toMatchObject({failed: true, reason: 'broke off'});
  });

  it('fails with the first reason there was', () => {
    const lifetime = new Lifetime();
    lifetime.abort('enough');
    lifetime.fail('what came of that');
    expect(lifetime.reason).toBe('enough');
    const other = new Lifetime();
    other.fail('by itself');
    expect(other).toMatchObject({isAborted: false, failed: true, reason: 'by itself'});
  });

  it('leaves the list of those that run when it is over', () => {
    const running = new LinkedList<Lifetime>();
    const lifetime = new Lifetime();
    running.append(lifetime);
    lifetime.deliver();
    expect(running.size).toBe(0);
  });

  it('is unread from its response on until somebody begins, or nothing is left to be read', () => {
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

  it('without a limit has endless time, and with one what is left of it', () => {
    vi.spyOn(performance, 'now').mockReturnValue(1_000);
    const lifetime = new Lifetime();
    expect(lifetime.timeLeft()).toBe(Infinity);
    lifetime.deadline = 1_250;
    expect(lifetime.timeLeft()).toBe(250);
    vi.restoreAllMocks();
  });
});
