import {LineError, SchemaError} from '../errors/index.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {validate} from '../utils/standard-schema.ts';
import type {Parser} from './iterate.ts';

/** The position of the parser. */
export interface LinePlace {
  /** The line of the value that was yielded last, from 1. */
  line: number;
}

/** Creates a parser of the JSON values of lines. Blank lines have no value. */
export function parseNdjson(lines: Parser<string>, place: LinePlace): Parser<unknown> {
  return function* parse(chunk) {
    for (const text of lines(chunk)) {
      place.line++;
      if (text.trim() === '') continue;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        // The error of JSON.parse would show a part of the text.
        throw new LineError('ERR_LINE_JSON', place.line, 'of the response is not JSON');
      }
      yield value;
    }
  };
}

/** Returns the output of the schema for the value of a line. */
export async function checkLine<Value>(
  schema: StandardSchema<Value>,
  value: unknown,
  line: number,
): Promise<Value> {
  return await validate(schema, value, (issues) => new SchemaError(issues, {line}));
}
