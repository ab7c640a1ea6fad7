import {indent} from './comments.ts';
import {writeBody, writeErrors, writeResponse} from './contents.ts';
import type {EndpointContext} from './context.ts';
import {stringLiteral} from './literals.ts';
import {pure} from './names.ts';
import type {ClientOperation} from './operations.ts';
import {writeHeaders, writePath, writeQuery} from './parameters.ts';

/** `uncheckedEndpoint('GET /users/{id}', {…})`: all that `endpoint` would check is so by the way it is written. */
export function writeEndpoint(operation: ClientOperation, context: EndpointContext): string {
  const {method, path} = operation;
  const query = writeQuery(operation, context);
  const options = [
    option('path', writePath(operation, context)),
    option('query', query.text),
    option('queryStyles', query.styles),
    option('headers', writeHeaders(operation, context)),
    option('body', writeBody(operation, context)),
    option('response', writeResponse(operation, context)),
    option('errors', writeErrors(operation, context)),
  ].filter((text) => text !== undefined);
  const route = stringLiteral(`${method} ${path}`);
  const given = options.length === 0 ? route : `${route}, {\n  ${indent(options.join(',\n'))},\n}`;
  return pure(`${context.use('uncheckedEndpoint')}(${given})`);
}

function option(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${name}: ${text}`;
}
