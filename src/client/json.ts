import {SchemaError} from '../errors/index.ts';
import type {CheckedPlace} from './schema.ts';

const mediaType = 'application/json';

/** JSON whose values nothing checks. */
export const json = {
  accept: mediaType,
  // JSON.stringify returns undefined for functions and symbols. They are sent as no body.
  encode: (value: unknown) => ({body: JSON.stringify(value) ?? null, contentType: mediaType}),
  async decode(response: Response, {place}: {readonly place: CheckedPlace}): Promise<unknown> {
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      // RFC 9110, sections 15.3.5 and 15.3.6: a 204 and a 205 have no content.
      if (text.trim() === '') return undefined;
      const problem = `is not JSON${butIs(response, 'json')}`;
      // The error of the parser isn't the cause: it shows a part of the text, which may be secret.
      throw new SchemaError([{message: 'The body is not JSON'}], {...place, problem});
    }
  },
};

/** Names the media type of a response, for an error message, where it is not the expected one. */
export function butIs({headers}: Response, expected: string): string {
  const [type] = /^[\w.+/-]{0,100}/.exec(headers.get('content-type')?.toLowerCase() ?? '') as RegExpExecArray;
  return type && !type.includes(expected) ? `, but ${type}` : '';
}
