import {afterColon, docComment, indent} from './comments.ts';
import type {EndpointContext} from './context.ts';
import {jsonStyle, membersOf, queryStyle, schemaOf} from './context.ts';
import type {MediaType, Parameter, Schema, SchemaOrBoolean} from './document.ts';
import {isSchema, resolve} from './document.ts';
import {memberName} from './literals.ts';
import {pure} from './names.ts';
import type {ClientOperation} from './operations.ts';

export function writePath(operation: ClientOperation, context: EndpointContext): string | undefined {
  const {pathNames, parameters, method, path} = operation;
  const declared = parameters.filter(({in: place, name}) => place === 'path' && pathNames.has(name));
  for (const {name, style = 'simple', schema} of declared) {
    const {type, properties} = schemaOf(schema, context);
    if (style !== 'simple')
      context.warn(
        `${method} ${path}: the style "${style}" of the path parameter "${name}" is ignored: it is sent in the style "simple"`,
      );
    else if (type === 'object' || properties)
      context.warn(
        `${method} ${path}: the path parameter "${name}" is an object: a call has to give its text`,
      );
  }
  return writeMembers(
    declared.map((parameter) => ({
      parameter,
      name: pathNames.get(parameter.name) as string,
      isRequired: true,
      type: pathType(parameter, context),
    })),
    context,
  );
}

function pathType(parameter: Parameter, context: EndpointContext): string {
  const {type, properties} = schemaOf(parameter.schema, context);
  if (type === 'object' || properties) return 'string';
  const text = parameterType(parameter, context);
  return text === 'unknown' ? 'string | number' : text;
}

/** The type of the query, and the styles of the parameters that don't have the default style. */
export function writeQuery(
  operation: ClientOperation,
  context: EndpointContext,
): {readonly text: string | undefined; readonly styles: string | undefined} {
  const {method, path} = operation;
  for (const {in: place, name} of operation.parameters) {
    if (place === 'querystring')
      context.warn(
        `${method} ${path}: the query "${name}" is left out, because a whole query can't be given as text`,
      );
  }
  const parameters = operation.parameters.filter(({in: place}) => place === 'query');
  for (const {name, schema, style = 'form'} of parameters) {
    if (style !== 'deepObject' && isNested(schema, context))
      context.warn(
        `${method} ${path}: the query parameter "${name}" contains objects, which the style "${style}" can't write`,
      );
  }
  const members = parameters.map((parameter) => ({
    parameter,
    name: parameter.name,
    isRequired: parameter.required === true,
    type: parameterType(parameter, context),
  }));
  const warn = (message: string) => context.warn(`${method} ${path}: ${message}`);
  const styles = parameters.map((parameter) => {
    const {name, content, schema} = parameter;
    return [name, content && !schema ? jsonStyle : queryStyle(parameter, name, warn)] as const;
  });
  return {text: writeMembers(members, context), styles: membersOf(styles)};
}

/** Whether a list or an object contains lists or objects. */
function isNested(schema: SchemaOrBoolean | undefined, context: EndpointContext): boolean {
  const {type, items, properties = {}} = schemaOf(schema, context);
  if (type === 'array') return isComposite(items, context);
  return Object.values(properties).some((property) => isComposite(property, context));
}

function isComposite(schema: SchemaOrBoolean | undefined, context: EndpointContext): boolean {
  const {type, properties} = schemaOf(schema, context);
  return type === 'array' || type === 'object' || properties !== undefined;
}

// OpenAPI, "Parameter Object": other parts of the document describe these headers.
const ignoredHeaders = new Set(['accept', 'content-type', 'authorization']);

export function writeHeaders(operation: ClientOperation, context: EndpointContext): string | undefined {
  const {parameters, method, path} = operation;
  for (const {in: place, name} of parameters) {
    if (place === 'cookie')
      context.warn(`${method} ${path}: the cookie "${name}" is left out: send it in the header "cookie"`);
  }
  const headers = parameters.filter(
    ({in: place, name}) => place === 'header' && !ignoredHeaders.has(name.toLowerCase()),
  );
  return writeMembers(
    headers.map((parameter) => ({
      parameter,
      name: parameter.name.toLowerCase(),
      isRequired: parameter.required === true,
      type: headerType(parameter, context),
    })),
    context,
  );
}

/** The type of a header's value, which is text on the wire. */
export function headerType(
  parameter: Parameter,
  context: EndpointContext,
  direction: 'in' | 'out' = 'in',
): string {
  const {type} = schemaOf(parameter.schema, context);
  if (type === 'boolean') return "'true' | 'false'";
  const text =
    type === 'string' || type === 'integer' || type === 'number'
      ? parameterType(parameter, context)
      : 'string';
  // Received headers are text.
  if (direction === 'out' && type !== 'string') return 'string';
  return text === 'Date | string' ? 'string' : text;
}

function parameterType({schema, content}: Parameter, {types, document}: EndpointContext): string {
  const [given] = Object.values(content ?? {});
  const media = given && resolve<MediaType>(document, given);
  return types.typeOf(schema ?? media?.schema, {direction: 'in', isParameter: true});
}

interface Member {
  readonly parameter: Parameter;
  readonly name: string;
  readonly isRequired: boolean;
  readonly type: string;
}

function writeMembers(members: readonly Member[], {use, document}: EndpointContext): string | undefined {
  if (members.length === 0) return undefined;
  const lines = members.map(({parameter, name, isRequired, type}) => {
    const schema = resolve<SchemaOrBoolean | undefined>(document, parameter.schema as never);
    const {description, default: fallback, format} = isSchema(schema) ? schema : ({} as Schema);
    const comment = docComment({
      description: parameter.description ?? description,
      deprecated: parameter.deprecated,
      default: fallback,
      format: format === 'date' || format === 'date-time' ? format : undefined,
    });
    return `${comment}${memberName(name)}${isRequired ? '' : '?'}:${afterColon(type)};`;
  });
  return pure(`${use('type')}<{\n  ${indent(lines.join('\n'))}\n}>()`);
}
