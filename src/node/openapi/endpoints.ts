import {docComment, indent} from './comments.ts';
import type {
  Content,
  LoadedDocument,
  MediaType,
  Parameter,
  RequestBody,
  ResponseObject,
  Schema,
  SchemaOrBoolean,
} from './document.ts';
import {isSchema, resolve} from './document.ts';
import {memberName, stringLiteral} from './names.ts';
import type {ClientOperation} from './operations.ts';
import type {TypeWriter} from './types.ts';

/** What writing endpoints needs. */
export interface EndpointContext {
  readonly document: LoadedDocument;
  readonly types: TypeWriter;
  /** Told what is used of the package. */
  readonly use: (name: string) => string;
  readonly warn: (message: string) => void;
}

/** `endpoint('GET /users/{id}', {…})`. */
export function writeEndpoint(operation: ClientOperation, context: EndpointContext): string {
  const {method, path} = operation;
  const options = [
    option('path', writePath(operation, context)),
    ...writeQuery(operation, context),
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

// --- parameters

function writePath(operation: ClientOperation, context: EndpointContext): string | undefined {
  const {pathNames, parameters, method, path} = operation;
  const declared = parameters.filter(({in: place, name}) => place === 'path' && pathNames.has(name));
  for (const {name, style = 'simple', schema} of declared) {
    const {type, properties} = schemaOf(schema, context);
    if (style !== 'simple' || type === 'array' || type === 'object' || properties)
      context.warn(`${method} ${path}: "${name}" is to be given as the text that goes into the path`);
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
  const isText = parameter.style !== undefined && parameter.style !== 'simple';
  if (isText || type === 'array' || type === 'object' || properties) return 'string';
  const text = parameterType(parameter, context);
  return text === 'unknown' ? 'string | number' : text;
}

function writeQuery(operation: ClientOperation, context: EndpointContext): Array<string | undefined> {
  const {method, path} = operation;
  for (const {in: place, name} of operation.parameters) {
    if (place === 'querystring')
      context.warn(`${method} ${path}: the query "${name}" is left out: it can't be given as a whole`);
  }
  const parameters = operation.parameters.filter(({in: place}) => place === 'query');
  const members = parameters.map((parameter) => ({
    parameter,
    name: parameter.name,
    isRequired: parameter.required === true,
    type: parameterType(parameter, context),
  }));
  const styles = parameters.flatMap((parameter) => {
    const style = queryStyle(parameter);
    return style === undefined ? [] : [`${memberName(parameter.name)}: ${style}`];
  });
  return [
    option('query', writeMembers(members, context)),
    option('queryStyles', styles.length > 0 ? braces(styles) : undefined),
  ];
}

/** How it's written, where that isn't what everybody does. */
function queryStyle({
  style = 'form',
  explode,
  allowReserved,
  content,
  schema,
}: Parameter): string | undefined {
  if (content && !schema) return '(name, value) => [[name, JSON.stringify(value)]]';
  // Of deepObject there is no other.
  const isExploded =
    style === 'deepObject'
      ? undefined
      : (explode ?? style === 'form') === (style === 'form')
        ? undefined
        : explode;
  if (isExploded === undefined && !allowReserved) return style === 'form' ? undefined : stringLiteral(style);
  return braces([
    ...(style === 'form' ? [] : [`style: ${stringLiteral(style)}`]),
    ...(isExploded === undefined ? [] : [`explode: ${isExploded}`]),
    ...(allowReserved ? ['allowReserved: true'] : []),
  ]);
}

// OpenAPI, "Parameter Object": these are described elsewhere.
const ignoredHeaders = new Set(['accept', 'content-type', 'authorization']);

function writeHeaders(operation: ClientOperation, context: EndpointContext): string | undefined {
  const {parameters, method, path} = operation;
  for (const {in: place, name} of parameters) {
    if (place === 'cookie')
      context.warn(`${method} ${path}: the cookie "${name}" is left out: send it as a header`);
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

/** Headers are text: of what isn't, its text. */
function headerType(parameter: Parameter, context: EndpointContext): string {
  const {type} = schemaOf(parameter.schema, context);
  if (type === 'boolean') return "'true' | 'false'";
  const text =
    type === 'string' || type === 'integer' || type === 'number'
      ? parameterType(parameter, context)
      : 'string';
  return text === 'Date | string' ? 'string' : text;
}

function parameterType({schema, content}: Parameter, {types}: EndpointContext): string {
  const [media] = Object.values(content ?? {});
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
    return `${comment}${memberName(name)}${isRequired ? '' : '?'}: ${type};`;
  });
  return `${use('type')}<{\n  ${indent(lines.join('\n'))}\n}>()`;
}

function schemaOf(schema: SchemaOrBoolean | undefined, {document}: EndpointContext): Schema {
  const resolved = resolve<SchemaOrBoolean | undefined>(document, schema as never);
  return isSchema(resolved) ? resolved : {};
}

function braces(members: readonly string[]): string {
  const line = `{${members.join(', ')}}`;
  return line.length <= 80 ? line : `{\n  ${indent(members.join(',\n'))},\n}`;
}

// --- bodies

type MediaKind = 'json' | 'ndjson' | 'events' | 'form' | 'multipart' | 'text' | 'binary';

/** Best first: what is as good is taken as the document has it. */
const preferred: readonly MediaKind[] = ['json', 'ndjson', 'events', 'multipart', 'form', 'text', 'binary'];

function kindOf(mediaType: string): MediaKind {
  const [bare = ''] = mediaType
    .toLowerCase()
    .split(';', 1)
    .map((part) => part.trim());
  if (/^(?:application|text)\/json$|\+json$/.test(bare)) return 'json';
  if (/^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines)$|\/json-seq$/.test(bare)) return 'ndjson';
  if (bare === 'text/event-stream') return 'events';
  if (bare === 'application/x-www-form-urlencoded') return 'form';
  if (bare === 'multipart/form-data') return 'multipart';
  if (
    bare.startsWith('text/') ||
    /^application\/(?:xml|yaml|x-yaml|javascript|graphql)$|\+xml$|\+yaml$/.test(bare)
  )
    return 'text';
  return 'binary';
}

interface Choice {
  readonly kind: MediaKind;
  readonly mediaType: string;
  readonly media: MediaType;
}

/** Which of several media types is used. */
function choose(content: Content | undefined, allowed: readonly MediaKind[] = preferred): Choice | undefined {
  const choices = Object.entries(content ?? {}).map(([mediaType, media]) => ({
    kind: kindOf(mediaType),
    mediaType,
    media,
  }));
  // Of JSON, the plain one.
  const plain = choices.find(({mediaType}) => mediaType === 'application/json');
  if (plain && allowed.includes('json')) return plain;
  for (const kind of allowed) {
    const choice = choices.find((one) => one.kind === kind);
    if (choice) return choice;
  }
  return undefined;
}

function writeBody(operation: ClientOperation, context: EndpointContext): string | undefined {
  const {
    method,
    path,
    operation: {requestBody},
  } = operation;
  if (!requestBody) return undefined;
  const body = resolve<RequestBody>(context.document, requestBody);
  if (method === 'GET' || method === 'HEAD') {
    context.warn(`${method} ${path}: its body is left out: a ${method} has none`);
    return undefined;
  }
  const choice = choose(body.content);
  if (!choice) return undefined;
  const {use, types} = context;
  const {kind, mediaType, media} = choice;
  const item = media.schema ?? media.itemSchema;
  const text = types.typeOfAny([item], !body.required, {direction: 'in'});
  const schema = `${use('type')}<${text}>()`;
  const bare = bareType(mediaType);
  switch (kind) {
    case 'json':
      return bare === 'application/json'
        ? schema
        : `${use('asJson')}(${schema}, {mediaType: ${stringLiteral(mediaType)}})`;
    case 'ndjson':
      return `${use('asNdjson')}(${use('type')}<${types.typeOf(media.itemSchema ?? media.schema, {direction: 'in'})}>(), {mediaType: ${stringLiteral(bare)}})`;
    case 'form':
      return `${use('asForm')}(${schema})`;
    case 'multipart':
      return `${use('asMultipart')}(${schema})`;
    case 'text':
    case 'events':
      return `${use('asText')}(${stringLiteral(bare)})`;
    case 'binary':
      return `${use('asStream')}(${bare.includes('*') ? '' : stringLiteral(bare)})`;
  }
}

function bareType(mediaType: string): string {
  return (mediaType.split(';', 1)[0] ?? '').trim();
}

function writeResponse(operation: ClientOperation, context: EndpointContext): string | undefined {
  const {use, types, document} = context;
  const responses = successes(operation, context);
  const choices = responses.map((response) => choose(response.content));
  const choice = preferred.flatMap((kind) => choices.find((one) => one?.kind === kind) ?? [])[0];
  if (!choice) {
    // Where all that is declared is a redirect, what it leads to isn't told.
    const isRedirect =
      responses.length === 0 &&
      Object.keys(operation.operation.responses ?? {}).some((status) => /^30[12378]$/.test(status));
    return isRedirect ? `${use('asBlob')}()` : undefined;
  }
  const {kind, mediaType, media} = choice;
  const bare = bareType(mediaType);
  const itemOf = () => types.typeOf(media.itemSchema ?? media.schema, {direction: 'out'});
  switch (kind) {
    case 'json': {
      const schemas = choices.flatMap((one) => (one ? [one.kind === 'json' ? one.media.schema : true] : []));
      const text = types.typeOfAny(schemas, schemas.length < choices.length, {direction: 'out'});
      const schema = `${use('type')}<${text}>()`;
      return bare === 'application/json'
        ? schema
        : `${use('asJson')}(${schema}, {mediaType: ${stringLiteral(bare)}})`;
    }
    case 'ndjson':
      return `${use('asNdjson')}(${use('type')}<${itemOf()}>(), {mediaType: ${stringLiteral(bare)}})`;
    case 'events': {
      const data = resolve<SchemaOrBoolean | undefined>(
        document,
        (media.itemSchema ?? media.schema) as never,
      );
      const isText = !isSchema(data) || data.type === 'string' || Object.keys(data).length === 0;
      return isText ? `${use('asEvents')}()` : `${use('asEvents')}(${use('type')}<${itemOf()}>())`;
    }
    case 'text':
    case 'form':
      return bare === 'text/plain' ? `${use('asText')}()` : `${use('asText')}(${stringLiteral(bare)})`;
    case 'multipart':
    case 'binary':
      return `${use('asBlob')}(${bare.includes('*') ? '' : stringLiteral(bare)})`;
  }
}

/** The responses of success: those of 2xx, or else the default one. */
function successes({operation}: ClientOperation, {document}: EndpointContext): ResponseObject[] {
  const responses = Object.entries(operation.responses ?? {});
  const named = responses.filter(([status]) => /^2(?:\d\d|XX)$/i.test(status));
  const hasOthers = responses.some(([status]) => /^3/.test(status));
  const used =
    named.length > 0 ? named : hasOthers ? [] : responses.filter(([status]) => status === 'default');
  return used.map(([, response]) => resolve<ResponseObject>(document, response));
}

/** The statuses that fetch follows. */
const followed = new Set(['301', '302', '303', '307', '308']);

function writeErrors({operation}: ClientOperation, context: EndpointContext): string | undefined {
  const responses = Object.entries(operation.responses ?? {});
  const hasSuccess = responses.some(([status]) => /^[23]/.test(status));
  const members = responses.flatMap(([status, response]) => {
    const key = /^[45]xx$/i.test(status) ? status.toUpperCase() : status;
    if (
      !/^(?:[345]\d\d|[45]XX|default)$/.test(key) ||
      followed.has(key) ||
      (key === 'default' && !hasSuccess)
    )
      return [];
    const {content, description} = resolve<ResponseObject>(context.document, response);
    const choice = choose(content);
    const text =
      choice?.kind === 'json'
        ? context.types.typeOf(choice.media.schema, {direction: 'out'})
        : choice?.kind === 'text'
          ? 'string'
          : 'unknown';
    const comment =
      description && description.length <= 100 && !description.includes('\n')
        ? docComment({description})
        : '';
    return [
      `${comment}${/^\d+$/.test(key) ? key : stringLiteral(key).replaceAll("'", /^default$/.test(key) ? '' : "'")}: ${context.use('type')}<${text}>()`,
    ];
  });
  return members.length > 0 ? `{\n  ${indent(members.join(',\n'))},\n}` : undefined;
}
