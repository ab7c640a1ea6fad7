import diagnostics from 'node:diagnostics_channel';
import type {Socket} from 'node:net';
import {onTestFinished} from 'vitest';

/** Counts sockets: those open now, the most open at once, and all that were opened. */
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

/** Counts the TCP sockets that this process opens, from the moment of the dial. */
export function watchDialledSockets(): SocketWatch {
  const watch = createSocketWatch();
  const onSocket = (message: unknown) => watch.add((message as {socket: Socket}).socket);
  diagnostics.subscribe('net.client.socket', onSocket);
  onTestFinished(() => {
    diagnostics.unsubscribe('net.client.socket', onSocket);
  });
  return watch;
}
