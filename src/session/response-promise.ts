import type {ResponsePromise} from 'ky';
import type {ConnectorRequest} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {SchemaError} from '../errors/index.ts';
import {toJsonError} from '../errors/json-error.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {validate as checkSchema, isSchema} from '../utils/standard-schema.ts';

/** Parses the text of a response whose `.json()` was called. */
export type JsonParser = (text: string, response: Response) => unknown;

/** Sets a header that the caller has not set. */
export function setDefault(request: ConnectorRequest | undefined, name: string, value: string): void {
  if (request && !request.headers.has(name)) request.headers.set(name, value);
}

/**
 * Adds the methods of ky's `ResponsePromise`, which read the body, to a promise of a response.
 *
 * @param request - gets the `Accept` of the method that is called, without effect once it was sent; `undefined` for a call
 * that failed before
 */
export function toResponsePromise(
  response: Promise<Response>,
  request?: ConnectorRequest,
  parse?: JsonParser,
): ResponsePromise {
  const promise = response as ResponsePromise;
  const read = async (method: 'text' | 'bytes' | 'arrayBuffer' | 'blob' | 'formData', mediaType = '*/*') => {
    setDefault(request, 'accept', mediaType);
    return (await response)[method]() as never;
  };
  promise.json = async (schema?: StandardSchema) => {
    setDefault(request, 'accept', 'application/json');
    const received = await response;
    let parsed: unknown;
    try {
      if (schema === undefined) return await received.json();
      const text = await received.text();
      parsed = parse ? await parse(text, received) : text === '' ? undefined : JSON.parse(text);
    } catch (error) {
      throw toJsonError(error, request);
    }
    return await validate(parsed, schema, request as ConnectorRequest);
  };
  promise.text = () => read('text', 'text/*');
  promise.bytes = () => read('bytes');
  promise.arrayBuffer = () => read('arrayBuffer');
  promise.blob = () => read('blob');
  promise.formData = () => read('formData', 'multipart/form-data');
  return promise;
}

/**
 * Checks parsed JSON with a Standard Schema and returns the schema's output.
 *
 * @throws SchemaError when the value doesn't match; TypeError when `schema` is not a Standard Schema
 */
export async function validate(
  value: unknown,
  schema: StandardSchema,
  request: RedactedRequest,
): Promise<unknown> {
  if (!isSchema(schema)) throw new TypeError('The schema is not a Standard Schema');
  return await checkSchema(schema, value, (issues) => new SchemaError(issues, {request}));
}
