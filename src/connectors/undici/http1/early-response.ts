import type {Socket} from 'node:net';

type Done = (error?: Error | null) => void;
type Write = (...args: [...unknown[], Done]) => void;

/**
 * Delays the failure of a write until everything that the server sent has been read. A server that refuses a body answers
 * and closes the connection. Without this delay, the failed write may end the socket before the response is read.
 *
 * @param onWriteError - called at once with the error of a failed write
 */
export function keepEarlyResponse(socket: Socket, onWriteError: (error: Error) => void): void {
  const writer = socket as unknown as Record<'_write' | '_writev', Write>;
  for (const name of ['_write', '_writev'] as const) {
    const write = writer[name];
    writer[name] = (...args) => {
      const done = args.pop() as Done;
      write.call(socket, ...(args as unknown[]), (error?: Error | null) => {
        if (!isReset(error) || socket.readableEnded || socket.destroyed) {
          done(error);
          return;
        }
        onWriteError(error);
        // The connection was reset, so its end follows soon, and the write fails then.
        const fail = () => {
          socket.off('end', fail).off('close', fail);
          done(error);
        };
        socket.on('end', fail).on('close', fail);
      });
    };
  }
}

function isReset(error: Error | null | undefined): error is Error {
  const code = (error as {code?: string} | null | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
