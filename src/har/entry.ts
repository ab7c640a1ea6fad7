import type {TracedRequest, TraceEvent} from '../core/trace.ts';
import {errorType} from '../errors/error-code.ts';
import {Stopwatch} from '../tracing/stopwatch.ts';
import type {CapturedBody} from './capture.ts';
import {captureBody, textOf} from './capture.ts';
import type {HarEntry, HarPair, HarRequest, HarResponse, HarTimings} from './format.ts';
import type {Redaction} from './redact.ts';

/** The settings of a recorder. */
export interface RecordSettings {
  /** The largest body that is recorded, in bytes; `undefined` to record none. */
  readonly maxBodySize: number | undefined;
  readonly redaction: Redaction;
}

/**
 * The recording of one request, which becomes an entry of the HAR.
 *
 * The class is longer than a screen because an entry repeats most of the trace's facts in HAR's own shape.
 */
export class Recording {
  readonly #settings: RecordSettings;
  readonly #request: Pick<TracedRequest, 'url' | 'method' | 'headers'>;
  /** The recorded text of the request's body, or `undefined` for a request without a body. The body itself isn't kept. */
  readonly #posted: {readonly text: string | undefined} | undefined;
  readonly #watch: Stopwatch;
  readonly #startedAt: string;
  readonly #comment: string;
  readonly #connected = {dns: false, connect: false, tls: false};
  #end: number | undefined = undefined;
  #address: string | undefined = undefined;
  #protocol = '';
  #sent = 0;
  #received = 0;
  #head:
    | {readonly status: number; readonly statusText: string; readonly headers: readonly [string, string][]}
    | undefined = undefined;
  #body: CapturedBody | undefined = undefined;
  #error: unknown = undefined;

  constructor(event: TraceEvent, request: TracedRequest, settings: RecordSettings) {
    this.#settings = settings;
    const {url, method, headers, body} = request;
    const {maxBodySize} = settings;
    // The headers are kept without a copy, because other listeners may still set some.
    this.#request = {url, method, headers};
    this.#posted =
      body === null ? undefined : {text: maxBodySize === undefined ? undefined : textOf(body, maxBodySize)};
    this.#watch = new Stopwatch(event.time, 'wait');
    this.#startedAt = new Date(Date.now() - (performance.now() - event.time)).toISOString();
    this.#comment = `call ${event.call.id}, attempt ${event.attempt}`;
  }

  hear(event: TraceEvent): void {
    this.#watch.hear(event);
    switch (event.type) {
      case 'dnsResolveStart':
        this.#connected.dns = true;
        break;
      case 'tlsStart':
        this.#connected.tls = true;
        break;
      case 'connectionCreateStart':
        this.#connected.connect = true;
        break;
      case 'connectionCreateEnd':
      case 'connectionReuse':
        this.#address = event.address;
        this.#protocol = `HTTP/${event.protocol}`;
        break;
      case 'requestChunkSent':
        this.#sent += event.bytes;
        break;
      case 'responseChunkReceived':
        this.#received += event.bytes;
        break;
    }
  }

  /** @returns a promise that resolves when a copy of the body was read, if bodies are recorded */
  answered(response: Response): Promise<unknown> | undefined {
    const {status, statusText, headers} = response;
    this.#head = {status, statusText, headers: [...headers]};
    const {maxBodySize} = this.#settings;
    if (maxBodySize === undefined || response.body === null || response.bodyUsed) return undefined;
    return captureBody(response.clone(), maxBodySize).then((body) => {
      this.#body = body;
    });
  }

  ended(time: number, error?: unknown): void {
    this.#end ??= time;
    this.#error = error;
  }

  toEntry(): HarEntry {
    const timings = this.#timings();
    const {blocked, dns, connect, send, wait, receive} = timings;
    const time = [blocked, dns, connect, send, wait, receive].reduce((sum, ms) => sum + Math.max(ms, 0), 0);
    return {
      startedDateTime: this.#startedAt,
      time,
      request: this.#harRequest(),
      response: this.#harResponse(),
      cache: {},
      timings,
      ...(this.#address !== undefined && {serverIPAddress: this.#address}),
      comment: this.#comment,
    };
  }

  #timings(): HarTimings {
    const time = this.#end ?? performance.now();
    const spent = (phase: Parameters<Stopwatch['spent']>[0]) => this.#watch.spent(phase, time);
    const {dns, connect, tls} = this.#connected;
    return {
      blocked: spent('queued'),
      dns: dns ? spent('dns') : -1,
      // HAR 1.2: the time of connecting includes the time of TLS.
      connect: connect ? spent('connect') + spent('tls') : -1,
      ssl: tls ? spent('tls') : -1,
      send: spent('send'),
      wait: spent('wait'),
      receive: spent('receive'),
    };
  }

  #harRequest(): HarRequest {
    const {method, url, headers} = this.#request;
    const posted = this.#posted;
    const {redaction} = this.#settings;
    const shown = redaction.url(url);
    return {
      method,
      url: shown,
      httpVersion: this.#protocol,
      cookies: cookiesOf(headers.get('cookie')?.split(';') ?? [], redaction),
      headers: redaction.headers(headers),
      queryString: Array.from(new URL(shown).searchParams, ([name, value]) => ({name, value})),
      ...(posted && {postData: this.#postData(posted.text)}),
      headersSize: -1,
      bodySize: posted ? this.#sent || -1 : 0,
    };
  }

  #postData(text: string | undefined): NonNullable<HarRequest['postData']> {
    const mimeType = this.#request.headers.get('content-type') ?? '';
    return text === undefined ? {mimeType, text: '', comment: 'Not recorded'} : {mimeType, text};
  }

  #harResponse(): HarResponse {
    const {status = 0, statusText = '', headers = []} = this.#head ?? {};
    const {redaction} = this.#settings;
    const headerValue = (wanted: string) =>
      headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? '';
    const setCookies = headers
      .filter(([name]) => name.toLowerCase() === 'set-cookie')
      .map(([, value]) => value.split(';', 1)[0] ?? '');
    const {size = this.#received, ...body} = this.#body ?? {};
    const location = headerValue('location');
    return {
      status,
      statusText,
      httpVersion: this.#head ? this.#protocol : '',
      cookies: cookiesOf(setCookies, redaction),
      headers: redaction.headers(headers),
      content: {size, mimeType: headerValue('content-type') || 'x-unknown', ...body},
      redirectURL: location === '' ? '' : redaction.url(location),
      headersSize: -1,
      bodySize: this.#head ? this.#received : -1,
      ...(this.#error !== undefined && {_error: errorType(this.#error) ?? 'Error'}),
    };
  }
}

function cookiesOf(pairs: readonly string[], redaction: Redaction): HarPair[] {
  return pairs.map((pair) => {
    const equals = pair.indexOf('=');
    const [name, value] = equals === -1 ? ['', pair] : [pair.slice(0, equals), pair.slice(equals + 1)];
    return redaction.cookie({name: name.trim(), value: value.trim()});
  });
}
