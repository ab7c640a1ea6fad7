import type {Writable} from 'node:stream';
import type {Dispatcher} from 'undici';

/** Handles the events of a request. undici's types leave out `onRequestSent`. */
export type RequestHandler = Dispatcher.DispatchHandler & {onRequestSent?(): void};

/** Resolves when a stream whose buffer was full can take more, or is closed. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

/** Makes the error for a body that is shorter or longer than Content-Length announces. */
export function contentLengthMismatch(): TypeError {
  return new TypeError('Request could not be sent: the length of its body differs from Content-Length');
}

/** The value of the first header with a lower-case name in a list of names and values in turn. */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2)
    if (headers[index] === name) return headers[index + 1];
  return undefined;
}
