import type {Socket} from 'node:net';

type Done = (error?: Error | null) => void;
type Write = (...args: [...unknown[], Done]) => void;

/**
 * Keeps a write that fails from ending a socket before what the server said is read: one that refuses a body answers,
 * and closes. Without it, whether the answer or the failure is seen first is a matter of luck.
 *
 * @param failed - told what a write failed with, at once
 */
export function keepEarlyResponse(socket: Socket, failed: (error: Error) => void): void {
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
        failed(error);
        // Nothing more can come: its end is near, and ends the socket.
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
