import type {RequestBody} from '../../core/body.ts';
import {equal, ok, same} from '../assert.ts';
import type {Case, Topic} from '../case.ts';
import {bytesOf, textOf} from '../echo.ts';
import type {Echo} from '../server-address.ts';

const bytes = Uint8Array.of(0, 1, 127, 128, 255);

/** Checks that bodies of every kind arrive unchanged, with the content-type that the Fetch standard gives them. */
export const bodies: Topic = (it) => {
  for (const [what, body, type, content] of [
    ['a string', 'äöü', 'text/plain;charset=UTF-8', new TextEncoder().encode('äöü')],
    ['an empty string', '', 'text/plain;charset=UTF-8', new Uint8Array()],
    [
      'URLSearchParams',
      new URLSearchParams([
        ['a', '1 2'],
        ['b', 'ä'],
      ]),
      'application/x-www-form-urlencoded;charset=UTF-8',
      new TextEncoder().encode('a=1+2&b=%C3%A4'),
    ],
    ['a Uint8Array', bytes, undefined, bytes],
    ['a part of a buffer', bytes.subarray(1, 4), undefined, bytes.slice(1, 4)],
    ['a DataView', new DataView(bytes.buffer, 2, 2), undefined, bytes.slice(2, 4)],
    ['an ArrayBuffer', bytes.buffer, undefined, bytes],
    ['a Blob with a type', new Blob([bytes], {type: 'image/x-none'}), 'image/x-none', bytes],
    ['a Blob without a type', new Blob([bytes]), undefined, bytes],
    ['a function that makes a body', () => bytes, undefined, bytes],
  ] as Array<[string, RequestBody, string | undefined, Uint8Array]>) {
    it(`${what} arrives unchanged, with the content-type of the Fetch standard`, async (given) => {
      const echo = await send(given, body);
      same([...bytesOf(echo)], [...content], 'body');
      equal(echo.headers['content-type'], type, 'content-type');
      equal(echo.headers['content-length'], String(content.length), 'content-length');
    });
  }

  it('FormData arrives as multipart/form-data, with files and escaped names', async (given) => {
    const form = new FormData();
    form.append('text', 'ä\nb');
    form.append('file', new Blob(['one'], {type: 'text/x-own'}), 'a "b".txt');
    const echo = await send(given, form);
    const type = echo.headers['content-type'] ?? '';
    ok(type.startsWith('multipart/form-data; boundary='), `content-type of a form, not ${type}`);
    const boundary = type.slice(type.indexOf('=') + 1);
    const text = textOf(echo);
    const [, first, second] = text.split(`--${boundary}`);
    same(
      first?.split('\r\n'),
      ['', 'Content-Disposition: form-data; name="text"', '', 'ä', 'b', ''],
      'the text',
    );
    const lines = [
      '',
      'Content-Disposition: form-data; name="file"; filename="a %22b%22.txt"',
      'Content-Type: text/x-own',
      '',
      'one',
      '',
    ];
    same(second?.split('\r\n'), lines, 'the file');
  });

  it('the content-type of the caller overrides that of the body', async (given) => {
    const echo = await send(given, '{}', {'content-type': 'application/x-own'});
    equal(echo.headers['content-type'], 'application/x-own', 'content-type');
  });

  it('a body of 2 MB arrives whole', async ({open, room}) => {
    const body = 'x'.repeat(2_000_000);
    const response = await open().fetch(room.url('/upload'), {method: 'POST', body});
    equal(((await response.json()) as {size: number}).size, body.length, 'size');
  });

  it('POST and PUT without a body send content-length: 0', async ({open, room}) => {
    const session = open();
    for (const method of ['POST', 'PUT']) {
      const response = await session.fetch(room.url('/echo'), {method});
      equal(((await response.json()) as Echo).headers['content-length'], '0', `content-length of ${method}`);
    }
  });
};

async function send({open, room}: Case, body: RequestBody, headers = {}): Promise<Echo> {
  const response = await open().fetch(room.url('/echo'), {method: 'POST', body, headers});
  return response.json();
}
