import {longestDelay} from './check-options.ts';

/** Waits so many ms; rejects with the signal's reason as soon as that is aborted. */
export function wait(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', stop);
        resolve();
      },
      Math.min(delay, longestDelay),
    );
    signal.addEventListener('abort', stop, {once: true});
  });
}
