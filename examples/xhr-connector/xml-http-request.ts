type Listener = ((event: {readonly loaded: number}) => void) | null;

/**
 * As much of XMLHttpRequest as the connector uses, over `fetch`. For runtimes that have none, so that the example runs
 * outside of a browser.
 */
export class XmlHttpRequest {
  readonly upload: {onprogress: Listener; onload: Listener} = {onprogress: null, onload: null};
  onload: Listener = null;
  onerror: Listener = null;
  onabort: Listener = null;
  responseType = '';
  response: ArrayBuffer = new ArrayBuffer(0);
  responseURL = '';
  status = 0;
  statusText = '';
  readonly #controller = new AbortController();
  readonly #headers = new Headers();
  #received = new Headers();
  #method = '';
  #url = '';

  open(method: string, url: string): void {
    this.#method = method;
    this.#url = url;
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.append(name, value);
  }

  getAllResponseHeaders(): string {
    return [...this.#received].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  send(body: BodyInit | null = null): void {
    this.#send(body).then(
      () => this.onload?.({loaded: this.response.byteLength}),
      () => (this.#controller.signal.aborted ? this.onabort : this.onerror)?.({loaded: 0}),
    );
  }

  abort(): void {
    this.#controller.abort();
  }

  async #send(body: BodyInit | null): Promise<void> {
    const request = new Request(this.#url, {
      method: this.#method,
      headers: this.#headers,
      body,
      signal: this.#controller.signal,
    });
    const loaded = body === null ? 0 : (await request.clone().arrayBuffer()).byteLength;
    const response = await fetch(request);
    this.upload.onprogress?.({loaded});
    this.upload.onload?.({loaded});
    this.response = await response.arrayBuffer();
    this.#received = response.headers;
    this.responseURL = response.url;
    this.status = response.status;
    this.statusText = response.statusText;
  }
}
