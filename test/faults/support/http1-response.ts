import {drawContent} from './content.ts';
import type {Draw} from './draw.ts';

/** What a response depends on. */
export interface ResponseSubject {
  readonly method: string;
  readonly path: string;
  /** The origin of the server. */
  readonly origin: string;
  /** Whether every call bounds the size of its response, so that a decompression bomb may be sent. */
  readonly isBounded: boolean;
}

/** Draws the bytes of a whole response of HTTP/1.1, correct or not. */
export function drawResponse(draw: Draw, subject: ResponseSubject): Buffer {
  const {status, line} = statusLine(draw);
  const {type, coding, bytes} = drawContent(draw, subject.isBounded);
  const headers: string[] = [];
  if (type !== '') headers.push(`Content-Type: ${type}`);
  if (coding !== undefined) headers.push(`Content-Encoding: ${coding}`);
  if (status >= 300 && status < 400) headers.push(...locations(draw, subject));
  if (status >= 400) headers.push(...afterFailure(draw));
  if (draw.chance(0.25)) headers.push(...draw.pick(oddHeaders)());
  const hasNoBody = subject.method === 'HEAD' || status === 204 || status === 304 || status < 200;
  const {header, body} =
    hasNoBody && draw.chance(0.7) ? {header: 'Content-Length: 0', body: Buffer.alloc(0)} : frame(draw, bytes);
  if (header !== '') headers.push(header);
  const head = `${line}\r\n${headers.map((name) => `${name}\r\n`).join('')}\r\n`;
  return Buffer.concat([interim(draw), Buffer.from(head, 'latin1'), body]);
}

/** A plain response. */
export function goodResponse(body = 'fine'): Buffer {
  return Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

function statusLine(draw: Draw): {readonly status: number; readonly line: string} {
  const status = Number(
    draw.weighted({
      200: 20,
      201: 1,
      204: 2,
      205: 1,
      206: 1,
      299: 0.5,
      300: 0.5,
      301: 1,
      302: 2,
      303: 1,
      304: 1,
      305: 0.3,
      307: 1.5,
      308: 1,
      400: 1,
      401: 1,
      404: 1,
      407: 0.5,
      408: 0.5,
      413: 0.5,
      417: 1,
      421: 0.5,
      425: 0.3,
      429: 1,
      451: 0.2,
      500: 1,
      502: 0.5,
      503: 1.5,
      599: 0.3,
      101: 0.5,
      100: 0.3,
      199: 0.2,
    }),
  );
  const phrase = draw.pick(['OK', '', 'Not OK at all', 'x'.repeat(200), 'Gr\xfc\xdfe', '\t']);
  if (draw.chance(0.93)) return {status, line: `HTTP/1.1 ${status} ${phrase}`};
  const line = draw.pick([
    `HTTP/1.0 ${status} ${phrase}`,
    `HTTP/1.1 ${status}`,
    `HTTP/1.1  ${status} OK`,
    `HTTP/2.0 ${status} OK`,
    `http/1.1 ${status} OK`,
    'HTTP/1.1 999 Beyond',
    'HTTP/1.1 600 Beyond',
    'HTTP/1.1 000 Nothing',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 -1 OK',
    'HTTP/1.1 two OK',
    'ICY 200 OK',
    `HTTP/1.1 200 ${'x'.repeat(70_000)}`,
    '\r\n\r\nHTTP/1.1 200 OK',
    '<html>no HTTP</html>',
    'SSH-2.0-OpenSSH_9.9',
    `HTTP/1.1 200 O\0K`,
  ]);
  return {status, line};
}

/** Informational responses before the head. */
function interim(draw: Draw): Buffer {
  if (draw.chance(0.8)) return Buffer.alloc(0);
  const one = draw.pick([
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 102 Processing\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 199 \r\n\r\n',
    'HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
  ]);
  return Buffer.from(one.repeat(Number(draw.weighted({1: 10, 2: 3, 40: 2, 3000: 1}))));
}

function locations(draw: Draw, {origin, path}: ResponseSubject): string[] {
  const location = draw.pick([
    path,
    '/elsewhere',
    '?again',
    '#here',
    '',
    `${origin}/other`,
    `${origin.replace('//', '//user:secret@')}/credentials`,
    'http://127.0.0.1:2/refused',
    'http://[::1',
    'http://nowhere.invalid:99999/',
    'ftp://127.0.0.1/',
    'javascript:alert(1)',
    'data:text/plain,x',
    '//',
    '/\xe9\xff',
    `/${'x'.repeat(9_000)}`,
  ]);
  const header = `Location: ${location}`;
  return draw.weighted({one: 12, none: 1, two: 1}) === 'one'
    ? [header]
    : draw.chance(0.5)
      ? []
      : [header, 'Location: /two'];
}

function afterFailure(draw: Draw): string[] {
  return draw.pick([
    [],
    ['Retry-After: 0'],
    ['Retry-After: 1e9'],
    ['Retry-After: -5'],
    ['Retry-After: soon'],
    ['Retry-After: Wed, 21 Oct 1970 07:28:00 GMT'],
    ['Retry-After: Fri, 31 Dec 9999 23:59:59 GMT'],
    ['RateLimit: "a";r=0;t=0', 'RateLimit-Policy: "a";q=1;w=1'],
    ['X-RateLimit-Reset: 99999999999999999999', 'X-RateLimit-Remaining: 0'],
    ['WWW-Authenticate: Digest realm="a", nonce="b", qop="auth", algorithm=SHA-256'],
    ['WWW-Authenticate: Basic'],
    [`WWW-Authenticate: ${'Digest realm="'.repeat(500)}`],
  ]);
}

const oddHeaders: ReadonlyArray<() => string[]> = [
  () => ['Connection: close'],
  () => ['Connection: keep-alive, close', 'Keep-Alive: timeout=0'],
  () => ['Keep-Alive: timeout=-1, max=0'],
  () => ['Keep-Alive: timeout=99999999999999999999'],
  () => ['Connection: upgrade', 'Upgrade: h2c'],
  () => ['Trailer: x-sum'],
  () => ['Set-Cookie: a=1', 'Set-Cookie: b=2; Domain=com', `Set-Cookie: c=${'x'.repeat(5_000)}`],
  () => Array.from({length: 300}, (_, index) => `X-Number-${index}: ${index}`),
  () => Array.from({length: 5_000}, () => 'X: y'),
  () => [`X-Long: ${'x'.repeat(20_000)}`],
  () => [`${'X'.repeat(70_000)}: y`],
  () => ['X-Folded: a', ' b'],
  () => ['No colon here'],
  () => [': no name'],
  () => ['X-Space : y'],
  () => ['X-Nul: a\0b'],
  () => ['X-Bytes: \xff\xfe'],
  () => ['X-CR: a\rb'],
  () => ['Content-Range: bytes 0-99/100'],
  () => ['Alt-Svc: h3=":443"; ma=99999999999'],
  () => ['Content-Length: 5', 'Content-Length: 6'],
  () => ['Content-Type: a/b', 'Content-Type: '],
  () => ['__proto__: x', 'constructor: y'],
];

/** Frames a body as a response, correctly or not. */
function frame(draw: Draw, bytes: Buffer): {readonly header: string; readonly body: Buffer} {
  const {length} = bytes;
  switch (
    draw.weighted({
      length: 12,
      chunked: 8,
      untilClose: 2,
      badLength: 3,
      badChunks: 3,
      both: 1,
      odd: 1,
      surplus: 1,
    })
  ) {
    case 'chunked':
      return {header: 'Transfer-Encoding: chunked', body: chunked(draw, bytes)};
    case 'untilClose':
      return {header: 'Connection: close', body: bytes};
    case 'badLength':
      return {
        header: `Content-Length: ${draw.pick([length + 1 + draw.int(100), Math.max(0, length - 1 - draw.int(100)), -1, '', 'x', '0x10', '1,2', `${length}, ${length}`, `+${length}`, '9'.repeat(30), 2 ** 53, '1e3'])}`,
        body: bytes,
      };
    case 'badChunks':
      return {header: 'Transfer-Encoding: chunked', body: badChunks(draw, bytes)};
    case 'both':
      return {
        header: `Content-Length: ${length}\r\nTransfer-Encoding: chunked`,
        body: chunked(draw, bytes),
      };
    case 'odd':
      return {
        header: `Transfer-Encoding: ${draw.pick(['gzip, chunked', 'chunked, gzip', 'identity', 'chunked, chunked', 'xchunked', ''])}`,
        body: chunked(draw, bytes),
      };
    case 'surplus':
      return {
        header: `Content-Length: ${length}`,
        body: Buffer.concat([
          bytes,
          draw.pick([Buffer.from('surplus'), goodResponse('unasked'), Buffer.alloc(70_000)]),
        ]),
      };
    default:
      return {header: `Content-Length: ${length}`, body: bytes};
  }
}

function chunked(draw: Draw, bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  const step = draw.pick([1 + draw.int(50), 1_000, 70_000, 10_000_000]);
  // Single bytes would make a large body a hundred times as long.
  const size = bytes.length > 20_000 ? Math.max(step, 1_000) : step;
  for (let start = 0; start < bytes.length; start += size) {
    const chunk = bytes.subarray(start, start + size);
    const extension = draw.chance(0.1) ? ';name="value"' : '';
    parts.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n'));
  }
  const trailers = draw.chance(0.2)
    ? draw.pick(['X-Sum: 1\r\n', 'Content-Length: 5\r\n', 'X: y\r\n'.repeat(3_000)])
    : '';
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailers}\r\n`)]);
}

function badChunks(draw: Draw, bytes: Buffer): Buffer {
  const body = bytes.subarray(0, 5_000);
  const size = body.length.toString(16);
  return Buffer.concat([
    Buffer.from(
      draw.pick([
        `${size}0\r\n`,
        '-5\r\n',
        'zz\r\n',
        '\r\n',
        `${'f'.repeat(20)}\r\n`,
        `${size};${'x'.repeat(30_000)}\r\n`,
        `${size}\n`,
        ` ${size} \r\n`,
        `0x${size}\r\n`,
        `${'0'.repeat(5_000)}${size}\r\n`,
      ]),
    ),
    body,
    Buffer.from(draw.pick(['\r\n0\r\n\r\n', '0\r\n\r\n', '\r\n0\r\nbroken trailer\r\n\r\n', '\r\n0\r\n'])),
  ]);
}
