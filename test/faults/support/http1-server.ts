import type {Draw} from './draw.ts';
import type {ResponseSubject} from './http1-response.ts';
import {drawResponse, goodResponse} from './http1-response.ts';
import type {Log} from './log.ts';
import type {Wire} from './wire.ts';
import {breakOff} from './wire.ts';

/** What a server plays on all of its connections. */
export interface Play {
  readonly origin: string;
  readonly isBounded: boolean;
  /** How likely it is that a step goes wrong. */
  readonly malice: number;
  readonly log: Log;
}

interface Head {
  readonly method: string;
  readonly path: string;
  readonly length: number;
  readonly isChunked: boolean;
  readonly expects: boolean;
}

/** Plays a server of HTTP/1.1 on one connection: answers requests, well or badly, and breaks off at any step. */
export async function playHttp1(wire: Wire, draw: Draw, play: Play): Promise<void> {
  const {malice, log} = play;
  if (draw.chance(malice * 0.15)) {
    log('before the request');
    if (draw.chance(0.3)) wire.write(goodResponse('unasked'));
    return breakOff(wire, draw, log);
  }
  for (;;) {
    await wire.wait();
    if (draw.chance(malice * 0.08)) return breakOff(wire, draw, log);
    const head = await wire.take(readHead);
    if (draw.chance(malice * 0.1)) {
      log('after the head of the request');
      return breakOff(wire, draw, log);
    }
    if (head.expects && draw.chance(0.7)) {
      wire.write(
        draw.pick(['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n']),
      );
    }
    const answersEarly = draw.chance(malice * 0.3);
    if (!answersEarly) await skipBody(wire, head);
    if (!(await respond(wire, draw, play, head))) return;
    if (answersEarly) await skipBody(wire, head);
    if (draw.chance(malice * 0.15)) {
      log('on the idle connection');
      if (draw.chance(0.5))
        wire.write(draw.pick([goodResponse('unasked'), 'x', '\r\n', Buffer.alloc(100_000)]));
      if (draw.chance(0.7)) return breakOff(wire, draw, log);
    }
  }
}

/** Returns false when the connection was broken off. */
async function respond(wire: Wire, draw: Draw, play: Play, head: Head): Promise<boolean> {
  const {malice, log} = play;
  const subject: ResponseSubject = {...play, method: head.method, path: head.path};
  const bytes = draw.chance(malice * 0.8) ? drawResponse(draw, subject) : goodResponse();
  const isCut = draw.chance(malice * 0.4);
  // Most cuts are in the head, where there are most states.
  const length = isCut
    ? draw.int(draw.chance(0.6) ? Math.min(bytes.length, 300) : bytes.length)
    : bytes.length;
  log(() => `${head.method} ${head.path}: ${length} of ${bytes.length}: ${firstLine(bytes)}`);
  const sizes = draw.weighted({whole: 6, pieces: 2, bytes: 1});
  const sent = bytes.subarray(0, length);
  if (sizes === 'whole') wire.write(sent);
  else if (sizes === 'bytes') await wire.drip(sent, Array<number>(Math.min(length, 200)).fill(1));
  else
    await wire.drip(
      sent,
      Array.from({length: 12}, () => 1 + draw.int(Math.max(1, length / 6))),
    );
  if (isCut) await breakOff(wire, draw, log);
  return !isCut;
}

function firstLine(bytes: Buffer): string {
  return bytes
    .toString('latin1', 0, 800)
    .replace(/[^ -~\r]+/g, '')
    .split('\r')
    .map((line) => (line.length > 60 ? `${line.slice(0, 60)}…` : line))
    .slice(0, 8)
    .join(' | ');
}

function readHead(unread: Buffer): {readonly value: Head; readonly size: number} | undefined {
  const end = unread.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [line = '', ...fields] = unread.toString('latin1', 0, end).split('\r\n');
  const [method = '', path = ''] = line.split(' ');
  const headers = new Map(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  return {
    value: {
      method,
      path,
      length: Number(headers.get('content-length') ?? 0),
      isChunked: headers.get('transfer-encoding') === 'chunked',
      expects: headers.has('expect'),
    },
    size: end + 4,
  };
}

function skipBody(wire: Wire, {length, isChunked}: Head): Promise<void> {
  return isChunked ? wire.skipPast('0\r\n\r\n') : wire.skip(length);
}
