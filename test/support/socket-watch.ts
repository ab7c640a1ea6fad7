import diagnostics from 'node:diagnostics_channel';
import type {Socket} from 'node:net';
import {onTestFinished} from 'vitest';

/** Counts sockets: how many are open, were ever open at the same time, and were opened. */
export interface SocketWatch {
  readonly open: ReadonlySet<Socket>;
  readonly peak: number;
  readonly opened: number;
  add(socket: Socket): void;
}

export function createSocketWatch(): SocketWatch {
  const open = new Set<Socket>();
  let peak = 0;
  let opened = 0;
  return {
    open,
    get peak() {
      return peak;
    },
    get opened() {
      return opened;
    },
    add(socket) {
      opened++;
      open.add(socket);
      peak = Math.max(peak, open.size);
      socket.once('close', () => open.delete(socket));
    },
  };
}

/** The TCP sockets that this process opens to others, from the moment it dials. */
export function watchDialledSockets(): SocketWatch {
  const watch = createSocketWatch();
  const onSocket = (message: unknown) => watch.add((message as {socket: Socket}).socket);
  diagnostics.subscribe('net.client.socket', onSocket);
  onTestFinished(() => {
    diagnostics.unsubscribe('net.client.socket', onSocket);
  });
  return watch;
}
