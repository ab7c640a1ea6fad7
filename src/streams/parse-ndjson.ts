import {LineError, SchemaError} from '../errors/index.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {validate} from '../utils/standard-schema.ts';
import type {Parser} from './iterate.ts';

/** Where the parser is. */
export interface LinePlace {
  /** The line of the value handed on last, from 1. */
  line: number;
}

/** The values of lines of JSON; blank lines have none. */
export function parseNdjson(lines: Parser<string>, place: LinePlace): Parser<unknown> {
  return function* parse(chunk) {
    for (const text of lines(chunk)) {
      place.line++;
      if (text.trim() === '') continue;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        // Its own error shows a part of the text.
        throw new LineError('ERR_LINE_JSON', place.line, 'of the response is no JSON');
      }
      yield value;
    }
  };
}

/** What the schema makes of a line's value. */
export async function checkLine<Value>(
  schema: StandardSchema<Value>,
  value: unknown,
  line: number,
): Promise<Value> {
  return await validate(schema, value, (issues) => new SchemaError(issues, {line}));
}
