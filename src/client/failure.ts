import type {RedactedRequest} from '../errors/index.ts';
import {HTTPError} from '../errors/index.ts';
import {readErrorData} from '../session/error-data.ts';
import {attemptsOf} from '../session/fetch-metadata.ts';
import type {Definition} from './definition.ts';
import type {ErrorSchemas} from './error-types.ts';

/** The endpoint of each error that it declares, and whose data fits its schema. */
const declared = new WeakMap<object, Definition>();

/** The function that tells whether an endpoint rejected with an error, declares it, and the data fits. */
export function isErrorOf(definition: Definition) {
  return (error: unknown): error is never => declared.get(error as object) === definition;
}

/** Makes the error for a response without a status of success. */
export async function toHttpError(
  response: Response,
  definition: Definition,
  trust: boolean,
  request: RedactedRequest,
): Promise<HTTPError> {
  const {checks, name} = definition;
  const errors = definition.errors as ErrorSchemas | undefined;
  const {status} = response;
  const range = status >= 500 ? '5XX' : status >= 400 ? '4XX' : 'default';
  const schema = errors?.[status] ?? errors?.[range] ?? errors?.default;
  let fits = schema !== undefined;
  let data = await readErrorData(response);
  let cause: unknown;
  try {
    if (schema && checks && !trust)
      data = await checks.value(schema, data, {part: 'response', endpoint: name, request});
  } catch (error) {
    // The status matters most: an error body that doesn't fit must not hide it.
    fits = false;
    cause = error;
  }
  const error = new HTTPError(response, data, {request, attempts: attemptsOf(response), cause});
  if (fits) declared.set(error, definition);
  return error;
}
