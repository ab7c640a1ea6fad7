import type {Writable} from 'node:stream';
import type {Dispatcher} from 'undici';

/** Who is told of a request; undici's types leave one out. */
export type RequestHandler = Dispatcher.DispatchHandler & {onRequestSent?(): void};

/** Resolves when a stream that had no room has some again, or is closed. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

export function contentLengthMismatch(): TypeError {
  return new TypeError('Request could not be sent: its body is not as long as Content-Length says');
}

export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2)
    if (headers[index] === name) return headers[index + 1];
  return undefined;
}
