import type {ResponsePromise} from 'ky';
import type {ConnectorRequest} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {SchemaError} from '../errors/index.ts';
import {toJsonError} from '../errors/json-error.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {validate as checkSchema, isSchema} from '../utils/standard-schema.ts';
import type {KyOptions} from './call-options.ts';

const accepts = {json: 'application/json', text: 'text/*', formData: 'multipart/form-data', others: '*/*'};

/** Parses the text of a response whose `.json()` was called. */
export type JsonParser = (text: string, response: Response) => unknown;

/** Turns the `parseJson` option into the parser of one request. The option's function gets that request as a `Request`. */
export function jsonParserFor(
  parseJson: KyOptions['parseJson'],
  {url, method, headers}: ConnectorRequest,
): JsonParser | undefined {
  if (!parseJson) return undefined;
  return async (text, response) => {
    try {
      return await parseJson(text, {request: new Request(url, {method, headers: [...headers]}), response});
    } catch (error) {
      throw toJsonError(error, {url, method});
    }
  };
}

/** Replaces the response's own `.json()` by one that uses the parser, as ky does. */
export function withJsonParser(response: Response, parse: JsonParser | undefined): Response {
  if (parse) response.json = async () => parse(await response.text(), response);
  return response;
}

/**
 * Adds the methods of ky's `ResponsePromise`, which read the body, to a promise of a response.
 *
 * @param expect - called synchronously by each of these methods, with the media type that the method expects
 */
export function toResponsePromise(
  response: Promise<Response>,
  request: RedactedRequest,
  parse: JsonParser | undefined,
  expect: (mediaType: string) => void,
): ResponsePromise {
  const promise = response as ResponsePromise;
  promise.json = async (schema?: StandardSchema) => {
    expect(accepts.json);
    const received = await response;
    let parsed: unknown;
    try {
      if (schema === undefined) return await received.json();
      const text = await received.text();
      parsed = parse ? await parse(text, received) : text === '' ? undefined : JSON.parse(text);
    } catch (error) {
      throw toJsonError(error, request);
    }
    return await validate(parsed, schema, request);
  };
  promise.text = async () => {
    expect(accepts.text);
    return await (await response).text();
  };
  promise.bytes = async () => {
    expect(accepts.others);
    return await (await response).bytes();
  };
  promise.arrayBuffer = async () => {
    expect(accepts.others);
    return await (await response).arrayBuffer();
  };
  promise.blob = async () => {
    expect(accepts.others);
    return await (await response).blob();
  };
  promise.formData = async () => {
    expect(accepts.formData);
    return await (await response).formData();
  };
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

/** The promise of a call by verb that failed before it was sent. All of its methods reject with the same error. */
export function toRejectedPromise(error: unknown): ResponsePromise {
  const promise = Promise.reject(error);
  const again = () => promise;
  return Object.assign(promise, {
    arrayBuffer: again,
    blob: again,
    bytes: again,
    formData: again,
    json: again,
    text: again,
  });
}
