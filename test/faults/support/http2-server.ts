import {drawContent} from './content.ts';
import type {Draw} from './draw.ts';
import type {Play} from './http1-server.ts';
import {flags, frame, frameTypes, hpack, prefaceLength, readFrame, settings, uint32} from './http2-frames.ts';
import {prefixed} from './log.ts';
import type {Wire} from './wire.ts';
import {breakOff, wireOver} from './wire.ts';

const {
  data: dataType,
  headers: headersType,
  priority,
  push,
  ping,
  goaway,
  windowUpdate,
  continuation,
} = frameTypes;

type Fields = ReadonlyArray<readonly [name: string, value: string]>;

// RFC 9113, section 7, and codes that don't exist.
const codes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99, 0xffffffff];

/** How many bytes the client lets a server send. */
class Windows {
  readonly #left = new Map<number, number>();
  readonly #initial = 65_535;
  #wake: Array<() => void> = [];

  add(stream: number, bytes: number): void {
    this.#left.set(stream, this.left(stream) + bytes);
    this.wake();
  }

  left(stream: number): number {
    // The client's SETTINGS give a stream more than that. What counts is that a server which obeys doesn't send too much.
    return this.#left.get(stream) ?? this.#initial;
  }

  wake(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }
}

/** Plays a server of HTTP/2 on one connection: answers requests, well or badly, and breaks off at any step. */
export async function playHttp2(wire: Wire, draw: Draw, play: Play): Promise<void> {
  const {malice, log} = play;
  if (draw.chance(malice * 0.06)) {
    log('before its preface');
    return breakOff(wire, draw, log);
  }
  wire.write(settings(draw.chance(malice * 0.4) ? drawSettings(draw) : [[3, draw.pick([1, 3, 100])]]));
  if (draw.chance(malice * 0.05)) {
    log('after its SETTINGS');
    return breakOff(wire, draw, log);
  }
  await wire.take((unread) =>
    unread.length < prefaceLength ? undefined : {value: true, size: prefaceLength},
  );
  const windows = new Windows();
  const answered = new Set<number>();
  // Wakes the answers that wait for the client to read.
  void wire.over.then(() => windows.wake());
  const acknowledges = !draw.chance(malice * 0.05);
  const givesWindow = !draw.chance(malice * 0.05);
  const answersEarly = draw.chance(malice * 0.2);
  for (;;) {
    const {type, flags: flag, stream, payload} = await wire.take(readFrame);
    const isEnd = (flag & flags.endStream) !== 0;
    if (type === frameTypes.settings && isEnd === false && acknowledges) {
      wire.write(frame(frameTypes.settings, flags.ack, 0));
    } else if (type === frameTypes.ping && isEnd === false && acknowledges) {
      wire.write(frame(frameTypes.ping, flags.ack, 0, payload));
    } else if (type === frameTypes.windowUpdate) {
      windows.add(stream, payload.readUInt32BE(0));
    } else if (type === frameTypes.reset) {
      windows.add(stream, -Infinity);
    } else if (type === frameTypes.data && payload.length > 0 && givesWindow) {
      const more = uint32(payload.length);
      wire.write(Buffer.concat([frame(8, 0, 0, more), ...(isEnd ? [] : [frame(8, 0, stream, more)])]));
    }
    const isRequest = type === frameTypes.headers || type === frameTypes.data;
    if (!isRequest || answered.has(stream) || !(isEnd || answersEarly)) continue;
    answered.add(stream);
    answer(wire, draw.fork('stream', stream), play, stream, windows).catch((error: unknown) => {
      if (error !== wireOver) throw error;
    });
  }
}

async function answer(wire: Wire, draw: Draw, play: Play, stream: number, windows: Windows): Promise<void> {
  const {malice} = play;
  const log = prefixed(play.log, `stream ${stream}: `);
  if (!draw.chance(malice * 0.8)) return sendGood(wire, stream);
  switch (draw.weighted({reset: 3, connection: 3, response: 12, cut: 3, none: 0.7})) {
    case 'reset': {
      const code = draw.pick(codes);
      const after = draw.int(4);
      log(`RST_STREAM ${code} after ${after} frames`);
      const parts = [headers(stream, [[':status', '200']]), data(stream, 'some'), data(stream, 'more')];
      wire.write(Buffer.concat([...parts.slice(0, after), frame(frameTypes.reset, 0, stream, uint32(code))]));
      return;
    }
    case 'connection': {
      const [name, make] = draw.pick(interventions);
      log(name);
      wire.write(make(draw, stream));
      if (draw.chance(0.5)) sendGood(wire, stream);
      if (draw.chance(0.3)) await breakOff(wire, draw, log);
      return;
    }
    case 'cut': {
      const {frames, name} = drawAnswer(draw, stream, play);
      const bytes = Buffer.concat(frames);
      const length = draw.int(Math.min(bytes.length, 400));
      log(`${name}, cut at ${length} of ${bytes.length}`);
      wire.write(bytes.subarray(0, length));
      return breakOff(wire, draw, log);
    }
    case 'none':
      return log('no answer');
    default: {
      const {frames, name} = drawAnswer(draw, stream, play);
      log(name);
      await send(wire, frames, stream, draw.chance(0.03) ? undefined : windows);
    }
  }
}

function sendGood(wire: Wire, stream: number): void {
  wire.write(Buffer.concat([headers(stream, [[':status', '200']]), data(stream, 'fine', true)]));
}

/** Writes frames, and waits for the client's windows before each DATA frame. */
async function send(wire: Wire, frames: readonly Buffer[], stream: number, windows: Windows | undefined) {
  for (const bytes of frames) {
    const size = bytes[3] === frameTypes.data ? bytes.length - 9 : 0;
    while (windows && size > 0 && !wire.isOver && Math.min(windows.left(0), windows.left(stream)) < size) {
      if (windows.left(stream) === -Infinity) return;
      await windows.change();
    }
    if (wire.isOver) return;
    windows?.add(0, -size);
    windows?.add(stream, -size);
    wire.write(bytes);
  }
}

function headers(stream: number, fields: Fields, isEnd = false): Buffer {
  return frame(frameTypes.headers, flags.endHeaders | (isEnd ? flags.endStream : 0), stream, hpack(fields));
}

function data(stream: number, bytes: string | Buffer, isEnd = false): Buffer {
  return frame(frameTypes.data, isEnd ? flags.endStream : 0, stream, Buffer.from(bytes as string));
}

/** A response: its head, its body, its trailers, each right or wrong. */
function drawAnswer(
  draw: Draw,
  stream: number,
  play: Play,
): {readonly frames: Buffer[]; readonly name: string} {
  const {type, coding, bytes} = drawContent(draw, play.isBounded);
  const status = draw.weighted({
    200: 12,
    204: 1,
    205: 0.5,
    206: 0.5,
    301: 0.5,
    302: 1,
    304: 0.5,
    307: 1,
    400: 0.5,
    401: 0.5,
    408: 0.5,
    417: 0.5,
    421: 0.5,
    425: 0.3,
    429: 0.5,
    500: 0.5,
    503: 1,
    599: 0.3,
    101: 0.3,
    100: 0.2,
    199: 0.2,
    600: 0.2,
    999: 0.2,
    '000': 0.2,
    20: 0.2,
    1000: 0.2,
    x: 0.2,
    '': 0.2,
  });
  const length = draw.weighted({none: 4, right: 4, more: 1, less: 1, odd: 1});
  const fields: Array<readonly [string, string]> = [[':status', status]];
  if (type !== '') fields.push(['content-type', type]);
  if (coding !== undefined) fields.push(['content-encoding', coding]);
  if (status.startsWith('3')) {
    fields.push([
      'location',
      draw.pick(['/elsewhere', '?again', play.origin, '', 'http://127.0.0.1:2/', 'https://[', 'ftp://a/']),
    ]);
  }
  if (Number(status) >= 400) fields.push(['retry-after', draw.pick(['0', '1e9', '-1', 'soon'])]);
  if (length === 'right') fields.push(['content-length', String(bytes.length)]);
  if (length === 'more') fields.push(['content-length', String(bytes.length + 10)]);
  if (length === 'less') fields.push(['content-length', String(Math.max(0, bytes.length - 10))]);
  if (length === 'odd') fields.push(['content-length', draw.pick(['-1', 'x', '', '1, 2', '9'.repeat(30)])]);
  if (draw.chance(0.25)) fields.push(...drawFields(draw));
  const frames: Buffer[] = [];
  if (draw.chance(0.15)) frames.push(...interim(draw, stream));
  if (draw.chance(0.02)) frames.push(data(stream, 'before the head'));
  const end = draw.weighted({data: 8, empty: 2, headers: 1, trailers: 2, missing: 0.5});
  frames.push(headers(stream, fields, end === 'headers'));
  if (draw.chance(0.04)) frames.push(headers(stream, [[':status', '200']]));
  for (let start = 0; start < bytes.length; start += 16_384) {
    const isLast = start + 16_384 >= bytes.length;
    frames.push(data(stream, bytes.subarray(start, start + 16_384), isLast && end === 'data'));
  }
  if (end === 'empty' || (end === 'data' && bytes.length === 0)) frames.push(data(stream, '', true));
  if (end === 'trailers') {
    frames.push(
      headers(
        stream,
        draw.pick<Fields>([[['x-sum', '1']], [[':status', '500']], [['Upper', 'x']], []]),
        true,
      ),
    );
  }
  if (draw.chance(0.04)) frames.push(data(stream, 'after the end', true));
  if (draw.chance(0.04)) frames.push(frame(frameTypes.reset, 0, stream, uint32(draw.pick(codes))));
  return {
    frames,
    name: `status ${status}, ${bytes.length} bytes ${coding ?? ''}, length ${length}, end ${end}`,
  };
}

function interim(draw: Draw, stream: number): Buffer[] {
  const one = headers(
    stream,
    draw.pick<Fields>([
      [[':status', '100']],
      [
        [':status', '103'],
        ['link', '</a>'],
      ],
      [[':status', '102']],
      [[':status', '101']],
    ]),
    draw.chance(0.1),
  );
  return Array<Buffer>(draw.pick([1, 1, 2, 20, 2_000])).fill(one);
}

function drawFields(draw: Draw): Fields {
  return draw.pick<Fields>([
    [['connection', 'close']],
    [['transfer-encoding', 'chunked']],
    [['Upper-Case', 'x']],
    [['', 'x']],
    [['x-bytes', '\xff\xfe']],
    [['x-nul', 'a\0b']],
    [['x-space ', 'y']],
    [[':path', '/']],
    [[':unknown', '/']],
    [[':status', '201']],
    [['x-long', 'x'.repeat(16_000)]],
    Array.from({length: 200}, (_, index) => [`x-${index}`, 'y'] as const),
    [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
    [
      ['content-length', '5'],
      ['content-length', '6'],
    ],
    [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ],
    [
      ['te', 'trailers'],
      ['keep-alive', 'timeout=5'],
      ['upgrade', 'h2c'],
    ],
  ]);
}

function drawSettings(draw: Draw): ReadonlyArray<readonly [number, number]> {
  return draw.pick<ReadonlyArray<readonly [number, number]>>([
    [],
    [[3, 0]],
    [[3, 0xffffffff]],
    [[4, 0]],
    [[4, 0x7fffffff]],
    [[4, 0xffffffff]],
    [[1, 0]],
    [[1, 0xffffffff]],
    [[2, 5]],
    [[5, 1]],
    [[5, 16_384]],
    [[6, 0]],
    [[8, 1]],
    [[0xffff, 7]],
  ]);
}

/** Frames that no response consists of. */
const interventions: ReadonlyArray<readonly [name: string, make: (draw: Draw, stream: number) => Buffer]> = [
  ['GOAWAY, all', (draw, _stream) => frame(goaway, 0, 0, uint32(0x7fffffff, draw.pick(codes)))],
  ['GOAWAY, none', (draw, _stream) => frame(goaway, 0, 0, uint32(0, draw.pick(codes)))],
  ['GOAWAY, this', (draw, stream) => frame(goaway, 0, 0, uint32(stream, draw.pick(codes)))],
  [
    'GOAWAY with debug data',
    (draw, stream) =>
      frame(goaway, 0, 0, Buffer.concat([uint32(stream, draw.pick(codes)), Buffer.alloc(10_000, 'd')])),
  ],
  [
    'GOAWAY twice, the second higher',
    (_draw, _stream) =>
      Buffer.concat([frame(goaway, 0, 0, uint32(1, 0)), frame(goaway, 0, 0, uint32(99, 0))]),
  ],
  ['GOAWAY that is short', (_draw, _stream) => frame(goaway, 0, 0, [0])],
  ['SETTINGS', (draw, _stream) => settings(drawSettings(draw))],
  [
    'SETTINGS flood',
    (draw, _stream) => Buffer.concat(Array<Buffer>(2_000).fill(settings([[3, draw.int(100)]]))),
  ],
  ['SETTINGS on a stream', (_draw, stream) => frame(frameTypes.settings, 0, stream)],
  ['SETTINGS of 5 bytes', (_draw, _stream) => frame(frameTypes.settings, 0, 0, [0, 0, 0, 0, 0])],
  [
    'PING flood',
    (_draw, _stream) => Buffer.concat(Array<Buffer>(3_000).fill(frame(ping, 0, 0, Buffer.alloc(8)))),
  ],
  ['PING of 7 bytes', (_draw, _stream) => frame(ping, 0, 0, Buffer.alloc(7))],
  [
    'unasked acknowledgements',
    (_draw, _stream) =>
      Buffer.concat([frame(ping, flags.ack, 0, Buffer.alloc(8)), frame(frameTypes.settings, flags.ack, 0)]),
  ],
  ['WINDOW_UPDATE 0', (draw, stream) => frame(windowUpdate, 0, draw.pick([0, stream]), uint32(0))],
  [
    'WINDOW_UPDATE overflow',
    (draw, stream) =>
      Buffer.concat(
        Array<Buffer>(3).fill(frame(windowUpdate, 0, draw.pick([0, stream]), uint32(0x7fffffff))),
      ),
  ],
  [
    'WINDOW_UPDATE flood',
    (_draw, _stream) => Buffer.concat(Array<Buffer>(3_000).fill(frame(windowUpdate, 0, 0, uint32(1)))),
  ],
  [
    'CONTINUATION flood',
    (_draw, stream) =>
      Buffer.concat([
        frame(headersType, 0, stream, hpack([[':status', '200']])),
        ...Array<Buffer>(1_000).fill(frame(continuation, 0, stream, hpack([['x', 'y'.repeat(100)]]))),
      ]),
  ],
  [
    'CONTINUATION flood of nothing',
    (_draw, stream) =>
      Buffer.concat([
        frame(headersType, 0, stream),
        ...Array<Buffer>(3_000).fill(frame(continuation, 0, stream)),
      ]),
  ],
  [
    'CONTINUATION alone',
    (_draw, stream) => frame(continuation, flags.endHeaders, stream, hpack([['x', 'y']])),
  ],
  ['a frame of 20,000 bytes', (_draw, stream) => frame(dataType, 0, stream, Buffer.alloc(20_000))],
  [
    'empty DATA flood',
    (_draw, stream) =>
      Buffer.concat([headers(stream, [[':status', '200']]), ...Array<Buffer>(3_000).fill(data(stream, ''))]),
  ],
  ['an unknown frame', (_draw, stream) => frame(0x7f, 0xff, stream, Buffer.alloc(100))],
  ['DATA on stream 0', (_draw, _stream) => frame(dataType, 0, 0, [1])],
  ['DATA on an idle stream', (_draw, stream) => data(stream + 100, 'idle')],
  ['HEADERS on an even stream', (_draw, _stream) => headers(2, [[':status', '200']], true)],
  ['HEADERS on an idle stream', (_draw, stream) => headers(stream + 100, [[':status', '200']], true)],
  [
    'PUSH_PROMISE',
    (_draw, stream) =>
      frame(
        push,
        flags.endHeaders,
        stream,
        Buffer.concat([
          uint32(2),
          hpack([
            [':method', 'GET'],
            [':path', '/'],
          ]),
        ]),
      ),
  ],
  ['PRIORITY on itself', (_draw, stream) => frame(priority, 0, stream, [...uint32(stream), 1])],
  ['padding longer than its frame', (_draw, stream) => frame(dataType, flags.padded, stream, [200, 1])],
  ['HPACK that is none', (draw, stream) => frame(headersType, flags.endHeaders, stream, draw.bytes(50))],
  [
    'HPACK with an index beyond the table',
    (_draw, stream) => frame(headersType, flags.endHeaders, stream, [0xff, 0xff, 0xff, 0x7f]),
  ],
  [
    'a head of a megabyte',
    (_draw, stream) =>
      Buffer.concat([
        frame(headersType, 0, stream, hpack([[':status', '200']])),
        ...Array<Buffer>(70).fill(frame(continuation, 0, stream, hpack([['x', 'y'.repeat(16_000)]]))),
        frame(continuation, flags.endHeaders, stream),
      ]),
  ],
  ['HTTP/1.1', (_draw, _stream) => Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')],
  ['garbage', (draw, _stream) => draw.bytes(100)],
];
