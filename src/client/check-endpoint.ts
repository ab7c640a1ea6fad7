import {InvalidOptionError} from '../errors/index.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {isSchema} from '../utils/standard-schema.ts';
import {checkRoute} from './check-route.ts';
import {contentOf} from './content.ts';
import type {AnyEndpointOptions, EndpointChecks} from './definition.ts';
import {checkStyles} from './query.ts';
import type {CheckedPart} from './schema.ts';
import {checkSchema, checkValue} from './schema.ts';
import {mergeHeaders} from './settings.ts';
import type {LooseInput} from './types.ts';

const optionNames = [
  'path',
  'query',
  'headers',
  'body',
  'response',
  'errors',
  'queryStyles',
  'timeout',
  'retry',
  'idempotencyKey',
] as const;

/**
 * Checks the route and the options of an endpoint, and returns the options with a content in place of each schema of a body.
 *
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function checkEndpoint(route: string, options: AnyEndpointOptions): AnyEndpointOptions {
  const names = checkRoute(route);
  checkKnown('endpoint', options, optionNames);
  const {path, query, headers, body, response, errors, queryStyles} = options;
  const refuseIf = (isWrong: boolean, option: string, given: unknown, reason: string): void => {
    if (isWrong && given !== undefined)
      throw new InvalidOptionError(option, new Error('it is set'), `undefined, because ${reason}`);
  };
  const isHead = route.startsWith('HEAD ');
  refuseIf(isHead, 'body', body, 'a HEAD request has no body');
  refuseIf(route.startsWith('GET '), 'body', body, 'a GET request has no body');
  refuseIf(isHead, 'response', response, 'the response to a HEAD request has no body');
  refuseIf(names.length === 0, 'path', path, 'the route has no parameters');
  if (queryStyles !== undefined) checkStyles(queryStyles, 'queryStyles');
  checkOptional(path, 'path');
  checkOptional(query, 'query');
  checkOptional(headers, 'headers');
  if (errors !== undefined) checkErrors(errors);
  return {
    ...options,
    body: body === undefined ? undefined : contentOf(body, 'body', 'encode'),
    response: response === undefined ? undefined : contentOf(response, 'response', 'decode'),
  };
}

function checkOptional(schema: unknown, option: string): void {
  if (schema !== undefined) checkSchema(schema, option);
}

function checkErrors(errors: unknown): void {
  assertOption(isObject(errors), 'errors', errors, 'schemas by status');
  for (const [key, schema] of Object.entries(errors)) {
    const isKey = /^(?:[345]\d\d|4XX|5XX|default)$/.test(key);
    assertOption(isKey, `errors.${key}`, 'set', 'statuses from 300 to 599, 4XX, 5XX, default');
    checkOptional(schema, `errors.${key}`);
  }
}

/** The checks that the calls of an endpoint make by its schemas. */
export function checksOf(endpoint: string, options: AnyEndpointOptions): EndpointChecks {
  const [path, query, headers] = [options.path, options.query, options.headers].map(schemaToCheck);
  const check = async (schema: StandardSchema, value: unknown, part: CheckedPart) =>
    (await checkValue(schema, value, {part, endpoint})) as Readonly<Record<string, unknown>>;

  async function checkInput(input: LooseInput): Promise<LooseInput> {
    const {headers: given} = input;
    return {
      // Schemas as Zod's drop members that they don't name, and a schema need not name all parameters of the path.
      path: path ? {...input.path, ...(await check(path, input.path, 'path'))} : input.path,
      query: query ? await check(query, input.query ?? {}, 'query') : input.query,
      headers: headers
        ? mergeHeaders(mergeHeaders(undefined, given), await check(headers, given ?? {}, 'headers'))
        : given,
      body: input.body,
    };
  }

  return {value: checkValue, input: path || query || headers ? checkInput : undefined};
}

/** `undefined` for a type, which accepts every value. */
function schemaToCheck(schema: unknown): StandardSchema | undefined {
  return isSchema(schema) && !('~trusting' in schema) ? schema : undefined;
}
