import type {Socket} from 'node:net';
import {Duplex} from 'node:stream';
import type {SecureContext} from 'node:tls';
import {createSecureContext, TLSSocket} from 'node:tls';
import {createAuthority} from '../../support/authority.ts';
import type {Draw} from './draw.ts';
import type {Log} from './log.ts';
import type {Wire} from './wire.ts';
import {breakOff, createWire} from './wire.ts';

/** The certificates of all scenarios. */
export interface Identities {
  /** The certificate of the authority that clients trust. */
  readonly authority: string;
  readonly good: SecureContext;
  /** For another name, expired, and of an authority that nobody trusts. */
  readonly bad: readonly SecureContext[];
}

async function createIdentities(): Promise<Identities> {
  const authority = await createAuthority();
  const stranger = await createAuthority('Stranger');
  const day = 86_400_000;
  return {
    authority: authority.cert,
    good: createSecureContext(await authority.issue()),
    bad: [
      createSecureContext(await authority.issue({hosts: ['other.example']})),
      createSecureContext(
        await authority.issue({
          notBefore: new Date(Date.now() - 2 * day),
          notAfter: new Date(Date.now() - day),
        }),
      ),
      createSecureContext(await stranger.issue()),
    ],
  };
}

let made: Promise<Identities> | undefined;

export function identities(): Promise<Identities> {
  made ??= createIdentities();
  return made;
}

/** What a server does with a connection on which the client begins TLS. */
export interface TlsPlay {
  readonly identities: Identities;
  readonly malice: number;
  readonly protocols: readonly string[];
  readonly log: Log;
}

const beforeTls = [
  Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'),
  // Alerts: handshake failure, unrecognized name, close notify.
  Buffer.from([0x15, 3, 3, 0, 2, 2, 40]),
  Buffer.from([0x15, 3, 3, 0, 2, 1, 112]),
  Buffer.from([0x15, 3, 3, 0, 2, 1, 0]),
  // A record that announces more than a record may have.
  Buffer.from([0x16, 3, 3, 0xff, 0xff, 2]),
];

/** Answers the client's TLS. Resolves with `undefined` when the server has broken off before there was any. */
export async function startTls(socket: Socket, draw: Draw, play: TlsPlay): Promise<Wire | undefined> {
  const {malice, log, identities, protocols} = play;
  const reset = () => socket.resetAndDestroy();
  if (draw.chance(malice * 0.08)) {
    const raw = createWire(socket, reset);
    await raw.wait();
    log('before TLS');
    if (draw.chance(0.5)) raw.write(draw.pick([...beforeTls, draw.bytes(50)]));
    await breakOff(raw, draw, log);
    return undefined;
  }
  const secureContext = draw.chance(malice * 0.05) ? draw.pick(identities.bad) : identities.good;
  const isCut = draw.chance(malice * 0.1);
  const under = isCut ? cutOff(socket, 1 + draw.int(draw.chance(0.7) ? 1_500 : 10_000), draw, log) : socket;
  const secure = new TLSSocket(under as Socket, {
    isServer: true,
    secureContext,
    ALPNProtocols: [...protocols],
    requestCert: false,
  });
  const wire = createWire(secure, reset);
  const isOpen = new Promise<void>((resolve) => secure.once('secure', () => resolve()));
  await Promise.race([isOpen, wire.over]);
  if (wire.isOver) return undefined;
  wire.protocol = secure.alpnProtocol || undefined;
  return wire;
}

/** Passes on so many bytes of what the server writes, be they of the handshake or of a record, and breaks off. */
function cutOff(socket: Socket, size: number, draw: Draw, log: Log): Duplex {
  let left = size;
  const raw = createWire(socket, () => socket.resetAndDestroy());
  const under = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      raw.write(chunk.subarray(0, left));
      const isCut = chunk.length >= left;
      left = Math.max(0, left - chunk.length);
      if (!isCut) return done();
      log(`cut after ${size} bytes of TLS`);
      void breakOff(raw, draw, log).then(() => under.destroy());
      return done();
    },
    final(done) {
      raw.end();
      done();
    },
  });
  socket.on('data', (chunk) => under.push(chunk));
  socket.on('end', () => under.push(null));
  socket.on('close', () => under.destroy());
  under.on('error', () => {});
  return under;
}
