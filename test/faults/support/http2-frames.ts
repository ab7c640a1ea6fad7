// RFC 9113, section 6, and RFC 7541, written by hand: a library would refuse to write what is wrong.

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flags = {endStream: 1, ack: 1, endHeaders: 4, padded: 8} as const;

/** The length of the text that every client sends first. */
export const prefaceLength = 24;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flag: number, stream: number, payload: Buffer | number[] = []): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** Finds the first frame in unread bytes. */
export function readFrame(unread: Buffer): {readonly value: Frame; readonly size: number} | undefined {
  if (unread.length < 9) return undefined;
  const size = 9 + unread.readUIntBE(0, 3);
  if (unread.length < size) return undefined;
  return {
    value: {
      type: unread[3] as number,
      flags: unread[4] as number,
      stream: unread.readUInt32BE(5) & 0x7fffffff,
      payload: unread.subarray(9, size),
    },
    size,
  };
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

/** A SETTINGS frame. */
export function settings(values: ReadonlyArray<readonly [id: number, value: number]>): Buffer {
  const payload = values.map(([id, value]) =>
    Buffer.concat([Buffer.from([id >> 8, id & 0xff]), uint32(value)]),
  );
  return frame(frameTypes.settings, 0, 0, Buffer.concat(payload));
}

/** Header fields as literals that are not indexed (RFC 7541, section 6.2.2), without Huffman. */
export function hpack(fields: ReadonlyArray<readonly [name: string, value: string]>): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), hpackString(name), hpackString(value)]),
  );
}

function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}
