import type {ClientRequest, IncomingMessage} from 'node:http';
import {request as startRequest} from 'node:http';
import type {Socket} from 'node:net';
import type {Dispatcher} from 'undici';
import type {RequestHandler} from '../dispatch.ts';
import {contentLengthMismatch, drained, headerOf} from '../dispatch.ts';
import {HeadTooLargeError} from '../head-size.ts';
import {HeadLines} from './head-lines.ts';

type Body = AsyncIterable<Uint8Array | string>;

/**
 * Sends a request with `Expect: 100-continue` (RFC 9110, section 10.1.1) on an unused socket, and calls the handler as
 * undici's `dispatch` does. undici doesn't send such requests and treats a 100 (Continue) as an error, so this function uses
 * `node:http`. The socket serves no other request.
 *
 * @param options - with a body that delays its first chunk until it may be sent
 */
export function dispatchExpectContinue(
  socket: Socket,
  authority: string,
  maxHeaderSize: number,
  options: Dispatcher.DispatchOptions,
  handler: RequestHandler,
): void {
  let request: ClientRequest | undefined;
  let isOver = false;
  const fail = (error: Error) => {
    if (isOver) return;
    isOver = true;
    request?.destroy();
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'HPE_HEADER_OVERFLOW';
    handler.onError?.(isTooLarge ? HeadTooLargeError.ofHead(maxHeaderSize) : error);
  };
  try {
    handler.onConnect?.((error) => fail(error as Error));
    readThrough(socket, maxHeaderSize);
    // Node writes the head of such a request as a text without an encoding, which for a header's bytes would be UTF-8.
    socket.setDefaultEncoding('latin1');
    request = startRequest({
      createConnection: () => socket,
      method: options.method,
      path: options.path,
      headers: headersOf(options.headers as readonly string[], authority),
      maxHeaderSize,
    });
  } catch (error) {
    fail(error as Error);
    return;
  }
  request.on('information', ({statusCode, rawHeaders}) => {
    if (!isOver) handler.onHeaders?.(statusCode, toBuffers(rawHeaders), noop, '');
  });
  // The handler refuses a 101 (Switching Protocols), which no request asked for. Without a listener, Node only ends the socket.
  request.once('upgrade', () => {
    if (isOver) return;
    handler.onResponseStarted?.();
    handler.onHeaders?.(101, [], noop, '');
  });
  request.on('error', fail);
  let isAnswered = false;
  request.once('close', () => {
    if (!isAnswered) fail(new Error('Socket was closed'));
  });
  request.once('response', (response: IncomingMessage) => {
    if (isOver) return;
    isAnswered = true;
    handler.onResponseStarted?.();
    const headers = toBuffers(response.rawHeaders);
    const resume = () => response.resume();
    const goOn = handler.onHeaders?.(
      response.statusCode as number,
      headers,
      resume,
      response.statusMessage ?? '',
    );
    response.on('data', (chunk: Buffer) => {
      if (!isOver && handler.onData?.(chunk) === false) response.pause();
    });
    if (goOn === false) response.pause();
    response.once('error', fail);
    response.once('end', () => {
      if (isOver) return;
      isOver = true;
      handler.onComplete?.([]);
    });
  });
  sendBody(request, options, handler, () => isOver).catch(fail);
}

/** Unfolds the heads of responses, which Node's parser would refuse. Node's sockets push what they receive into themselves. */
function readThrough(socket: Socket, maxHeaderSize: number): void {
  const head = new HeadLines(maxHeaderSize, true);
  const {push} = socket;
  head.begin();
  socket.push = (chunk: Buffer | null, encoding) => {
    if (chunk === null || !head.isReading) return push.call(socket, chunk, encoding);
    const lines = head.take(chunk);
    return lines === null || push.call(socket, lines, encoding);
  };
}

function headersOf(flat: readonly string[], authority: string): string[] {
  const headers = [...flat, 'expect', '100-continue'];
  if (headerOf(flat, 'host') === undefined) headers.push('host', authority);
  if (headerOf(flat, 'content-length') === undefined) headers.push('transfer-encoding', 'chunked');
  return headers;
}

async function sendBody(
  request: ClientRequest,
  {body, headers}: Dispatcher.DispatchOptions,
  handler: RequestHandler,
  isOver: () => boolean,
): Promise<void> {
  const announced = headerOf(headers as readonly string[], 'content-length');
  let missing = announced === undefined ? Infinity : Number(announced);
  for await (const chunk of body as unknown as Body) {
    if (isOver()) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    missing -= bytes.byteLength;
    if (missing < 0) throw contentLengthMismatch();
    const hasRoom = request.write(bytes);
    handler.onBodySent?.(chunk as never, 0);
    if (!hasRoom) await drained(request);
  }
  if (isOver()) return;
  if (missing > 0 && announced !== undefined) throw contentLengthMismatch();
  request.end(() => {
    if (!isOver()) handler.onRequestSent?.();
  });
}

function toBuffers(texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

function noop(): void {}
