import {connect} from 'node:net';
import type {Draw} from './draw.ts';
import {openGate} from './gate.ts';
import type {HostileServer, Transport} from './hostile-server.ts';
import type {Log} from './log.ts';
import {prefixed} from './log.ts';
import type {Wire} from './wire.ts';
import {breakOff, createWire} from './wire.ts';

export interface HostileProxy {
  /** What the connector gets as its proxy. */
  readonly url: string;
  /** Resolves when the client has ended every connection. */
  close(): Promise<void>;
}

interface ProxyPlay {
  readonly server: HostileServer;
  /** How likely it is that a step goes wrong. */
  readonly malice: number;
  readonly log: Log;
}

/** Starts a proxy for a server, whose behaviour is drawn for each connection anew: HTTP CONNECT or SOCKS5. */
export async function startHostileProxy(
  transport: Transport,
  draw: Draw,
  play: ProxyPlay,
): Promise<HostileProxy> {
  const scheme = draw.pick(['http', 'socks5', 'socks5h'] as const);
  const login = draw.pick(['', 'ada:secret@']);
  // Requests to `http:` go to an HTTP proxy as they are: there the server plays the proxy, too.
  if (transport === 'tcp' && scheme === 'http')
    return {url: `http://${login}127.0.0.1:${play.server.port}`, close: async () => {}};
  const gate = await openGate(async (socket, index) => {
    const ownDraw = draw.fork('connection', index);
    const log = prefixed(play.log, `  proxy ${index}: `);
    log(`accepts ${scheme}`);
    if (ownDraw.chance(play.malice * 0.05)) {
      log('resets at once');
      socket.resetAndDestroy();
      return;
    }
    const wire = createWire(socket, () => socket.resetAndDestroy());
    const steps = scheme === 'http' ? playConnect : playSocks;
    await steps(wire, ownDraw, {...play, log});
  });
  return {url: `${scheme}://${login}127.0.0.1:${gate.port}`, close: () => gate.close()};
}

const established = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Answers to CONNECT that open no tunnel, or not in the way of RFC 9110, section 9.3.6. */
const lies: ReadonlyArray<(draw: Draw) => string> = [
  () => 'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="a"\r\nContent-Length: 3\r\n\r\nwho',
  () => 'HTTP/1.1 502 Bad Gateway\r\n\r\n',
  () => 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:2/\r\n\r\n',
  () => 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  () => `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(2_000)}${established}`,
  () => 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine',
  () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n',
  () => `${established}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlies`,
  (draw) => `${established}${draw.bytes(100).toString('latin1')}`,
  () => `HTTP/1.1 200 ${'x'.repeat(70_000)}`,
  () => `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}\r\n`,
  () => 'HTTP/1.1 999 Beyond\r\n\r\n',
  () => 'HTTP/1.1 000 Nothing\r\n\r\n',
  () => 'HTTP/9.9 200 OK\r\n\r\n',
  () => 'HTTP/1.1 200\r\n\r\n',
  () => 'HTTP/1.0 200 \x1b[31mred\r\n\r\n',
  () => '\r\n\r\n',
  () => 'SSH-2.0-OpenSSH_9.9\r\n\r\n',
  () => '\x05\x00',
  (draw) => draw.bytes(200).toString('latin1'),
];

async function playConnect(wire: Wire, draw: Draw, play: ProxyPlay): Promise<void> {
  const {malice, log} = play;
  if (draw.chance(malice * 0.1)) return breakOff(wire, draw, log);
  await wire.skipPast('\r\n\r\n');
  const isLie = draw.chance(malice * 0.35);
  const answer = isLie ? draw.pick(lies)(draw) : established;
  log(() => `answers ${JSON.stringify(answer.slice(0, 60))}`);
  if (!(await say(wire, Buffer.from(answer, 'latin1'), draw, play))) return;
  if (isLie && draw.chance(0.5)) return breakOff(wire, draw, log);
  await openTunnel(wire, draw, play);
}

/** RFC 1928: a choice of method, a login perhaps, and the request. Each may go wrong. */
async function playSocks(wire: Wire, draw: Draw, play: ProxyPlay): Promise<void> {
  const {malice, log} = play;
  const goesWrong = () => draw.chance(malice * 0.12);
  const exchange = async (right: readonly number[], wrong: ReadonlyArray<readonly number[]>) => {
    await wire.take((unread) => ({value: true, size: unread.length}));
    if (draw.chance(malice * 0.05)) {
      await breakOff(wire, draw, log);
      return false;
    }
    const isLie = goesWrong();
    const answer = Buffer.from(isLie ? draw.pick(wrong) : right);
    log(() => `answers ${answer.toString('hex').slice(0, 60)}`);
    return say(wire, answer, draw, play);
  };
  await wire.wait();
  const methods = await wire.take((unread) => ({value: [...unread.subarray(2)], size: 0}));
  const method = methods.includes(2) && draw.chance(0.7) ? 2 : 0;
  const choices = [[5, 0xff], [5, 1], [5, 2], [4, 0], [0, 0], [5], [5, 0, 5, 0], [0x48, 0x54, 0x54, 0x50]];
  if (!(await exchange([5, method], choices))) return;
  if (method === 2) {
    await wire.wait();
    if (!(await exchange([1, 0], [[1, 1], [1, 0xff], [5, 0], [1], [0, 0, 0]]))) return;
  }
  await wire.wait();
  const name = Array.from({length: 255}, () => 0x78);
  const replies = [
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff].map((code) => [5, code, 0, 1, 0, 0, 0, 0, 0, 0]),
    [4, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    [5, 0, 0, 2, 0, 0, 0, 0, 0, 0],
    [5, 0, 0, 0x7f, 0, 0],
    [5, 0, 0, 3, 255, ...name, 0, 80],
    [5, 0, 0, 3, 0, 0, 80],
    [5, 0, 0, 3, 255, 1],
    [5, 0, 0, 4, 1],
    [5, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...draw.bytes(50)],
  ];
  if (!(await exchange([5, 0, 0, 1, 127, 0, 0, 1, 0, 80], replies))) return;
  await openTunnel(wire, draw, play);
}

/** Returns false when the connection was broken off in the middle of the answer. */
async function say(wire: Wire, bytes: Buffer, draw: Draw, {malice, log}: ProxyPlay): Promise<boolean> {
  const isCut = draw.chance(malice * 0.1);
  const sent = isCut ? bytes.subarray(0, draw.int(bytes.length)) : bytes;
  if (draw.chance(0.3)) await wire.drip(sent, Array<number>(Math.min(sent.length, 50)).fill(1));
  else wire.write(sent);
  if (!isCut) return true;
  log(`cut after ${sent.length} bytes`);
  await breakOff(wire, draw, log);
  return false;
}

async function openTunnel(wire: Wire, draw: Draw, {server, malice, log}: ProxyPlay): Promise<void> {
  const target = connect({port: server.port, host: '127.0.0.1', allowHalfOpen: true});
  const over = new Promise<void>((resolve) => target.on('error', () => {}).on('close', () => resolve()));
  void over.then(() => wire.reset());
  void wire.over.then(() => target.destroy());
  wire.tunnel(target);
  if (draw.chance(malice * 0.15)) {
    let left = draw.int(draw.pick([300, 3_000]));
    target.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return;
      log('cuts the tunnel');
      target.destroy();
    });
  }
  await wire.over;
}
