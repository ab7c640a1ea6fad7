import {longestDelay} from './check-options.ts';

/** Waits for `duration` ms. Rejects with the signal's reason as soon as the signal is aborted. */
export function delay(duration: number, signal: AbortSignal): Promise<void> {
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
      Math.min(duration, longestDelay),
    );
    signal.addEventListener('abort', stop, {once: true});
  });
}
