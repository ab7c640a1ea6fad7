import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import type {Draw} from './draw.ts';

/** The largest body that a call accepts whose `maxResponseSize` is set, in bytes. */
export const largestResponse = 400_000;

/** A body and its Content-Encoding. */
export interface Content {
  readonly bytes: Buffer;
  readonly type: string;
  readonly coding?: string;
}

// The decoders don't care how well their input was compressed.
const coders = {
  gzip: (bytes: Buffer) => gzipSync(bytes, {level: 1}),
  deflate: (bytes: Buffer) => deflateSync(bytes, {level: 1}),
  'deflate-raw': (bytes: Buffer) => deflateRawSync(bytes, {level: 1}),
  br: (bytes: Buffer) => brotliCompressSync(bytes, {params: {[constants.BROTLI_PARAM_QUALITY]: 1}}),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
} as const;
type Coder = keyof typeof coders;

// Made once: compressing them takes long.
const bombs = new Map<Coder, {readonly once: Buffer; readonly twice: Buffer}>();

function bombOf(coder: Coder): {readonly once: Buffer; readonly twice: Buffer} {
  let bomb = bombs.get(coder);
  if (!bomb) {
    const once = coders[coder](Buffer.alloc(8_000_000));
    bomb = {once, twice: coders.gzip(once)};
    bombs.set(coder, bomb);
  }
  return bomb;
}

const picture = Buffer.alloc(600_000, 'p');

const texts: ReadonlyArray<readonly [type: string, make: (draw: Draw) => string | Buffer]> = [
  ['text/plain', (draw) => 'All is well. '.repeat(draw.int(2_000))],
  ['text/plain; charset=utf-16', () => '\uFEFFwell'],
  ['application/json', () => '{"a":[1,2,3]}'],
  ['application/json', (draw) => `${'['.repeat(draw.int(20_000))}`],
  ['application/problem+json; charset="', () => '{"a"'],
  ['application/x-ndjson', (draw) => '{"line":1}\n'.repeat(draw.int(500))],
  ['application/x-ndjson', () => '{"line":1}\n\n{oops\n'],
  ['text/event-stream', (draw) => 'id: 1\nretry: 1\ndata: a\n\n'.repeat(draw.int(300))],
  ['text/event-stream', (draw) => `data: ${'x'.repeat(draw.int(100_000))}`],
  [
    'multipart/form-data; boundary=b',
    () => '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
  ],
  ['multipart/form-data; boundary=b', () => '--b\r\ncontent-disposition: form-data; name="a'],
  ['application/x-www-form-urlencoded', () => 'a=1&b=%ZZ&&=;'],
  ['', (draw) => draw.bytes(draw.int(3_000))],
  ['image/png', (draw) => picture.subarray(0, draw.int(picture.length))],
];

/** Draws the body of a response: of any type and size, coded rightly, wrongly or as a decompression bomb. */
export function drawContent(draw: Draw, withBombs: boolean): Content {
  const [type, make] = draw.pick(texts);
  const bytes = Buffer.from(make(draw) as string);
  switch (
    draw.weighted({plain: 10, coded: 4, twice: 1, broken: 3, lie: 1, odd: 1, bomb: withBombs ? 1 : 0})
  ) {
    case 'coded': {
      const coder = draw.pick(Object.keys(coders) as Coder[]);
      return {type, bytes: coders[coder](bytes), coding: coder.replace('-raw', '')};
    }
    case 'twice':
      return {type, bytes: coders.br(coders.gzip(bytes)), coding: 'gzip, br'};
    case 'broken': {
      const coder = draw.pick(Object.keys(coders) as Coder[]);
      return {type, bytes: damage(draw, coders[coder](bytes)), coding: coder.replace('-raw', '')};
    }
    case 'lie':
      return {type, bytes, coding: draw.pick(['gzip', 'deflate', 'br', 'zstd'])};
    case 'odd':
      return {
        type,
        bytes: coders.gzip(bytes),
        coding: draw.pick([
          'gzip,'.repeat(8),
          'GZIP',
          ',',
          'identity, gzip',
          'gzip\t',
          'snappy, gzip',
          'gzip;q=1',
        ]),
      };
    case 'bomb': {
      const coder = draw.pick(Object.keys(coders) as Coder[]);
      const bomb = bombOf(coder);
      return draw.chance(0.3)
        ? {type, bytes: bomb.twice, coding: `${coder.replace('-raw', '')}, gzip`}
        : {type, bytes: bomb.once, coding: coder.replace('-raw', '')};
    }
    default:
      return {type, bytes};
  }
}

/** Cuts off, garbles or lengthens coded bytes. */
function damage(draw: Draw, coded: Buffer): Buffer {
  switch (draw.int(4)) {
    case 0:
      return coded.subarray(0, draw.int(coded.length));
    case 1:
      return Buffer.concat([coded, draw.bytes(20)]);
    case 2:
      return Buffer.concat([coded, coded]);
    default: {
      const garbled = Buffer.from(coded);
      for (let count = 0; count < 3; count++) garbled[draw.int(garbled.length)] = draw.int(256);
      return garbled;
    }
  }
}
