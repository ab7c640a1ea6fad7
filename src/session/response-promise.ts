import type {ResponsePromise} from 'ky';
import type {RedactedRequest} from '../errors/index.ts';
import {SchemaError} from '../errors/index.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';

const accepts = {json: 'application/json', text: 'text/*', formData: 'multipart/form-data', others: '*/*'};

/**
 * ky's promise of a response, with its shortcuts to what is in the body.
 *
 * @param expect - told the media type that a shortcut wants, before it waits
 */
export function toResponsePromise(
  response: Promise<Response>,
  request: RedactedRequest,
  expect: (mediaType: string) => void,
): ResponsePromise {
  const promise = response as ResponsePromise;
  promise.json = async (schema?: StandardSchema) => {
    expect(accepts.json);
    const received = await response;
    if (schema === undefined) return await received.json();
    const text = await received.text();
    return await validate(text === '' ? undefined : JSON.parse(text), schema, request);
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
 * What the schema makes of a body's JSON.
 *
 * @throws SchemaError when it doesn't fit; TypeError for what is no schema
 */
export async function validate(
  value: unknown,
  schema: StandardSchema,
  request: RedactedRequest,
): Promise<unknown> {
  const standard = schema?.['~standard'];
  if (typeof standard?.validate !== 'function') {
    throw new TypeError('The schema is none by the Standard Schema specification');
  }
  const result = await standard.validate(value);
  if (result.issues) throw new SchemaError(result.issues, {request});
  return result.value;
}

/** A verb's promise that has failed before anything could be sent. */
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
