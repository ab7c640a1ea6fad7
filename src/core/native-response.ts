import {toJsonError} from '../errors/json-error.ts';

/** The runtime's `Response`, read when this module is loaded, because tests and tools replace the globals later. */
export const NativeResponse = globalThis.Response;

/** The members of a response that a copy of it shows. */
export interface CopiedHead extends Pick<Response, 'url' | 'redirected' | 'type' | 'status' | 'statusText'> {
  /** The method of the request, for errors. */
  readonly method?: string | undefined;
}

/** Notified when the body of a response is read. */
export interface ReadListener {
  /** The caller has begun to read the body, or is about to. */
  readStarted(): void;
  /** The error that the body failed with. */
  readonly failure: {readonly error: unknown} | undefined;
}

type Body = ReadableStream<Uint8Array<ArrayBuffer>> | null;

/**
 * A `Response` with the head of another one. The constructor of `Response` can't set `url`, `redirected` and `type`, and it
 * refuses statuses from 600 and some reason phrases, though servers send them and `fetch` delivers them.
 */
export class CopiedResponse extends NativeResponse {
  readonly #head: CopiedHead;
  readonly #headers: Headers;
  readonly #listener: ReadListener | undefined;

  /** @param listener - notified when the response or a clone of it is read */
  constructor(body: Body, head: CopiedHead, headers: Headers, listener?: ReadListener) {
    const {status, statusText} = head;
    // The constructor gets every status and phrase that it accepts: some runtimes read them from inside the `Response`, not
    // through its getters.
    const isStatus = status >= 200 && status <= 599;
    const isPhrase = /^[\t -~\x80-\xff]*$/.test(statusText);
    super(body, {status: isStatus ? status : 200, statusText: isPhrase ? statusText : '', headers});
    this.#head = head;
    this.#headers = headers;
    this.#listener = listener;
    // Own properties rather than getters of the class: Node's constructor reads `status` before `#head` is set.
    if (!isStatus) overrideMembers(this, {status, ok: false});
    if (!isPhrase) overrideMembers(this, {statusText});
  }

  override get url(): string {
    return this.#head.url;
  }

  override get redirected(): boolean {
    return this.#head.redirected;
  }

  override get type(): ResponseType {
    return this.#head.type;
  }

  /** Those that were given. Those of a `fetch` can't be changed, but the constructor of `Response` makes a copy that can. */
  override get headers(): Headers {
    return this.#headers;
  }

  override get body(): Body {
    this.#listener?.readStarted();
    return super.body as Body;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#read(super.arrayBuffer());
  }

  override async blob(): Promise<Blob> {
    const blob = await this.#read(super.blob());
    const type = this.headers.get('content-type');
    // Some runtimes ignore the Content-Type when the body is a stream.
    return blob.type === '' && type !== null ? new Blob([blob], {type}) : blob;
  }

  override bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#read(super.bytes());
  }

  override formData(): Promise<FormData> {
    return this.#read(super.formData());
  }

  override json(): Promise<unknown> {
    const {method, url} = this.#head;
    return this.#read(
      super.json().catch((error) => {
        throw toJsonError(error, method ? {method, url} : undefined);
      }),
    );
  }

  override text(): Promise<string> {
    return this.#read(super.text());
  }

  // When a stream made by a script fails, browsers replace its error with one of their own. This restores the original.
  async #read<T>(read: Promise<T>): Promise<T> {
    this.#listener?.readStarted();
    try {
      return await read;
    } catch (error) {
      throw (this.#listener?.failure ?? {error}).error;
    }
  }

  override clone(): Response {
    const headers = new Headers(this.#headers);
    return new CopiedResponse(super.clone().body as Body, this.#head, headers, this.#listener);
  }
}

function overrideMembers(response: Response, members: Partial<Response>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(response, name, {value, configurable: true});
  }
}

// Workers with an early compatibility date have no FinalizationRegistry.
const registry =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<(reason: unknown) => void>((cancel) =>
        cancel(new Error('The response was garbage-collected unread')),
      )
    : undefined;

/**
 * Cancels the body of a response that was garbage-collected. Otherwise the body would keep its slot and its call for ever.
 *
 * @param source - the source of the stream, rather than the stream: Chromium may collect the stream's object while its
 * reader is still in use, but it keeps the source
 */
export function cancelWhenCollected(source: object, cancel: (reason: unknown) => void): void {
  registry?.register(source, cancel);
}
