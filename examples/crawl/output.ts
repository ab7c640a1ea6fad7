import {once} from 'node:events';

/** Writes lines to a stream with backpressure. */
export interface LineWriter {
  write(line: string): Promise<void>;
}

export interface LineWriterOptions {
  /** Called when the reader of the stream has gone, as `head` does after its lines. */
  onGone(): void;
}

export function createLineWriter(stream: NodeJS.WriteStream, {onGone}: LineWriterOptions): LineWriter {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    gone = true;
    onGone();
  });
  return {
    async write(line) {
      if (gone || stream.write(`${line}\n`)) return;
      await once(stream, 'drain').catch(() => {});
    },
  };
}
