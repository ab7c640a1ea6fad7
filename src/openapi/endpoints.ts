import {indent} from './comments.ts';
import {writeBody, writeErrors, writeResponse} from './contents.ts';
import type {EndpointContext} from './context.ts';
import {stringLiteral} from './names.ts';
import type {ClientOperation} from './operations.ts';
import {writeHeaders, writePath, writeQuery} from './parameters.ts';

/** `endpoint('GET /users/{id}', {…})`. */
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
  return options.length === 0
    ? `${context.use('endpoint')}(${route})`
    : `${context.use('endpoint')}(${route}, {\n  ${indent(options.join(',\n'))},\n})`;
}

function option(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${name}: ${text}`;
}
