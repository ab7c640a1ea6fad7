import type {Session} from 'aiofetch';
import {createSession} from 'aiofetch';
import type {ConformanceCase} from 'aiofetch/conformance';
import {fetchConnector} from 'aiofetch/fetch';
import type {EntryConfig} from './entry.ts';
import {check} from './option-cases.ts';

type Frame = Window & typeof globalThis;
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const bodies: Readonly<Record<string, (frame: Frame) => BodyInit>> = {
  Blob: (frame) => new frame.Blob(['é'], {type: 'text/x-own'}),
  'Blob without a type': (frame) => new frame.Blob(['é']),
  File: (frame) => new frame.File(['é'], 'a.txt', {type: 'text/x-own'}),
  FormData(frame) {
    const form = new frame.FormData();
    form.append('name', 'é');
    form.append('file', new frame.File(['x'], 'a.txt', {type: 'text/x-own'}));
    return form;
  },
  URLSearchParams: (frame) => new frame.URLSearchParams({name: 'é'}),
  ArrayBuffer: (frame) => new frame.TextEncoder().encode('é').buffer,
  Uint8Array: (frame) => new frame.Uint8Array([1, 2]),
  DataView: (frame) => new frame.DataView(new frame.ArrayBuffer(3)),
};

/** Checks that objects of a frame, whose classes aren't those of the page, are taken as the browser's own `fetch` takes them. */
export function frameCases({server}: EntryConfig): ConformanceCase[] {
  const url = `${server.origins[0]}/echo?room=frames`;

  /** What the server received, with the boundary of a form replaced. */
  async function sent(fetch: Fetch, init: RequestInit): Promise<string> {
    const echo = await (await fetch(url, {method: 'POST', ...init})).json();
    const {headers, body} = echo as {headers: Record<string, string>; body: string};
    const {'content-type': type, 'content-length': length, 'x-own': own} = headers;
    const boundary = /boundary=(.*)/.exec(type ?? '')?.[1];
    const text = boundary ? atob(body).replaceAll(boundary, 'boundary') : body;
    // Boundaries differ in their length too.
    const isWhole = boundary && Number(length) === atob(body).length;
    return JSON.stringify({
      type: boundary ? type?.replace(boundary, 'boundary') : type,
      length: boundary ? isWhole : length,
      own,
      text,
    });
  }

  function frameCase(
    name: string,
    run: (frame: Frame, session: Session) => Promise<void>,
  ): ConformanceCase[] {
    return [
      ['the default connector', () => createSession({retry: false})],
      ['fetchConnector', () => createSession({retry: false, connector: fetchConnector()})],
    ].map(([connector, open]) => ({
      topic: 'frames',
      name: `${name}, with ${connector}`,
      async run() {
        const frame = document.createElement('iframe');
        document.body.append(frame);
        const session = (open as () => Session)();
        try {
          await run(frame.contentWindow as Frame, session);
        } finally {
          await session.destroy();
          frame.remove();
        }
      },
    }));
  }

  function same(actual: unknown, expected: unknown): void {
    check(actual === expected, `${expected}, not ${actual}`);
  }

  return [
    ...Object.entries(bodies).flatMap(([name, make]) =>
      frameCase(`${name} of a frame is sent as by fetch`, async (frame, session) => {
        same(await sent(session.fetch, {body: make(frame)}), await sent(fetch, {body: make(frame)}));
      }),
    ),
    ...frameCase('a Request of a frame is sent as by fetch', async (frame, session) => {
      const body = new frame.FormData();
      body.append('name', 'é');
      const headers = {'x-own': 'yes'};
      const request = () => new frame.Request(url, {method: 'POST', headers, body});
      const ours = await sent(() => session.fetch(request()), {});
      same(ours, await sent(() => fetch(request()), {}));
    }),
    ...frameCase('Headers and a URL of a frame are taken', async (frame, session) => {
      const init = {headers: new frame.Headers({'x-own': 'yes'}), body: 'x'};
      const ours = await sent((given, own) => session.fetch(new frame.URL(given), own), init);
      same(ours, await sent(fetch, init));
    }),
    ...frameCase('a form of a frame is read when the call is made', async (frame, session) => {
      const form = new frame.FormData();
      form.append('name', 'before');
      const promise = sent(session.fetch, {body: form});
      form.set('name', 'after');
      check((await promise).includes('before'), 'the value that the form had');
    }),
    ...frameCase('an AbortSignal of a frame aborts, with its reason', async (frame, session) => {
      const controller = new frame.AbortController();
      const reason = new frame.Error('enough');
      const promise = session.fetch(url, {signal: controller.signal});
      controller.abort(reason);
      same(await promise.catch((error) => error), reason);
    }),
    ...frameCase('a locked stream of a frame is refused before anything is sent', async (frame, session) => {
      const body = new frame.ReadableStream();
      body.getReader();
      const error = await session.fetch(url, {method: 'POST', body}).catch((thrown) => thrown);
      check(error instanceof TypeError && /locked/.test(error.message), `a TypeError, not ${error}`);
    }),
  ];
}
