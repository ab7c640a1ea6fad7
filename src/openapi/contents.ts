import {bareMediaType} from '../utils/media-type.ts';
import {docComment, enclosed, indent} from './comments.ts';
import type {EndpointContext} from './context.ts';
import {jsonStyle, membersOf, queryStyle, schemaOf} from './context.ts';
import type {Content, Encoding, MediaType, RequestBody, ResponseObject, SchemaOrBoolean} from './document.ts';
import {isSchema, resolve} from './document.ts';
import {eventData} from './event-data.ts';
import {mediaTypeLiteral, stringLiteral} from './literals.ts';
import type {Choice} from './media.ts';
import {choicesOf, choose} from './media.ts';
import {pure} from './names.ts';
import type {ClientOperation} from './operations.ts';

/** A call of `type<…>()`. */
function witness({use}: EndpointContext, type: string): string {
  return pure(`${enclosed(`${use('type')}<`, type, '>')}()`);
}

function call({use}: EndpointContext, name: string, ...given: Array<string | undefined>): string {
  return pure(`${use(name)}(${given.filter((one) => one !== undefined).join(', ')})`);
}

function mediaTypeOption(mediaType: string): string {
  return `{mediaType: ${mediaTypeLiteral(mediaType)}}`;
}

/** Warns about the media types beside the chosen one, unless they carry values of the same type. */
function warnOfOthers(
  what: string,
  content: Content | undefined,
  chosen: Choice,
  direction: 'in' | 'out',
  {document, types, warn}: EndpointContext,
): void {
  const typeOf = ({kind, media}: Choice) =>
    kind === 'ndjson' || kind === 'events'
      ? kind
      : types.typeOf(media.schema ?? media.itemSchema, {direction});
  const others = choicesOf(content, document).filter(({declared}) => declared !== chosen.declared);
  if (others.length === 0) return;
  const type = typeOf(chosen);
  for (const other of others) {
    if (typeOf(other) !== type)
      warn(`${what} as ${other.declared} is left out, because the client has ${chosen.declared} for it`);
  }
}

// --- requests

export function writeBody(operation: ClientOperation, context: EndpointContext): string | undefined {
  const {
    method,
    path,
    operation: {requestBody},
  } = operation;
  if (!requestBody) return undefined;
  const body = resolve<RequestBody>(context.document, requestBody);
  if (method === 'GET' || method === 'HEAD') {
    context.warn(`${method} ${path}: the body is left out, because a ${method} request has none`);
    return undefined;
  }
  const choice = choose(body.content, context.document);
  if (!choice) return undefined;
  const {types} = context;
  warnOfOthers(`${method} ${path}: the body`, body.content, choice, 'in', context);
  const {kind, mediaType, media} = choice;
  const bare = bareMediaType(mediaType);
  const warn = (message: string) => context.warn(`${method} ${path}: ${message}`);
  const schema = () =>
    witness(
      context,
      types.typeOfAny([media.schema ?? media.itemSchema], !body.required, {
        direction: 'in',
        isForm: kind === 'multipart',
      }),
    );
  switch (kind) {
    case 'json':
      return bare === 'application/json'
        ? schema()
        : call(context, 'asJson', schema(), mediaTypeOption(mediaType));
    case 'ndjson': {
      const item = types.typeOf(media.itemSchema ?? media.schema, {direction: 'in'});
      return call(context, 'asNdjson', witness(context, item), mediaTypeOption(bare));
    }
    case 'form':
      return call(context, 'asForm', schema(), formOptions(media, warn));
    case 'multipart':
      return call(context, 'asMultipart', schema(), multipartOptions(media, context, warn));
    case 'text':
    case 'events':
      return call(context, 'asText', mediaTypeLiteral(bare));
    case 'binary':
      return call(context, 'asStream', bare.includes('*') ? undefined : mediaTypeLiteral(bare));
  }
}

/** OpenAPI, "Encoding Object": a style takes precedence over a content type. */
function hasStyle({style, explode, allowReserved}: Encoding): boolean {
  return style !== undefined || explode !== undefined || allowReserved !== undefined;
}

function formOptions({encoding = {}}: MediaType, warn: (message: string) => void): string | undefined {
  const styles = membersOf(
    Object.entries(encoding).map(([name, one]) => {
      const isJson = !hasStyle(one) && /[/+]json\b/i.test(one.contentType ?? '');
      return [name, isJson ? jsonStyle : queryStyle(one, name, warn)];
    }),
  );
  return styles && `{styles: ${styles}}`;
}

function multipartOptions(
  {schema, encoding = {}}: MediaType,
  context: EndpointContext,
  warn: (message: string) => void,
): string | undefined {
  const {properties = {}} = schemaOf(schema, context);
  const contentTypes = membersOf(
    Object.entries(encoding).map(([name, one]) => {
      if (one.headers)
        warn(`the headers of the part "${name}" are left out, because parts of a FormData have none`);
      if (hasStyle(one))
        warn(`the style of the part "${name}" is left out, because multipart forms have no styles`);
      const {contentType} = one;
      // Where several types are allowed, the file's own type tells which one it is.
      if (contentType === undefined || /[*,]/.test(contentType)) return [name, undefined];
      const {type, items, format} = schemaOf(
        Object.hasOwn(properties, name) ? properties[name] : undefined,
        context,
      );
      const isList = type === 'array';
      const item = isList ? schemaOf(items, context) : {type, format};
      const isText = item.type === 'string';
      if (isText && item.format !== 'binary' && /^text\/plain\b/i.test(contentType)) return [name, undefined];
      if (isText || /[/+]json\b/i.test(contentType)) return [name, mediaTypeLiteral(contentType)];
      warn(`the part "${name}" is sent as JSON rather than ${contentType}`);
      return [name, undefined];
    }),
  );
  return contentTypes && `{contentTypes: ${contentTypes}}`;
}

// --- responses

interface Success {
  readonly status: string;
  readonly choice: Choice | undefined;
  readonly content: Content | undefined;
}

export function writeResponse(operation: ClientOperation, context: EndpointContext): string | undefined {
  // Responses to HEAD requests have no body.
  if (operation.method === 'HEAD') return undefined;
  const {use} = context;
  const declared = successes(operation, context);
  for (const {status, choice, content} of declared) {
    const what = `${operation.method} ${operation.path}: the response ${status}`;
    if (choice) warnOfOthers(what, content, choice, 'out', context);
  }
  const all = declared.map(({status, choice}) => ({
    status,
    text: choice && writeContent(operation, choice, context),
    choice,
  }));
  const [first, ...others] = new Set(all.flatMap(({text}) => text ?? []));
  if (first === undefined) {
    // If only redirects are declared, the document doesn't tell the type of the response that they lead to.
    const isRedirect =
      all.length === 0 &&
      Object.keys(operation.operation.responses ?? {}).some((status) => /^30[12378]$/.test(status));
    return isRedirect ? call(context, 'asBlob') : undefined;
  }
  if (others.length > 0) {
    const members = all.map(({status, text = 'undefined'}) => `${statusKey(status)}: ${text}`);
    return pure(`${use('byStatus')}({\n  ${indent(members.join(',\n'))},\n})`);
  }
  const choice = all.find(({text}) => text !== undefined)?.choice as Choice;
  const orNothing = all.some(({text}) => text === undefined);
  return writeContent(operation, choice, context, orNothing);
}

function writeContent(
  {method, path}: ClientOperation,
  {kind, mediaType, media}: Choice,
  context: EndpointContext,
  orNothing = false,
): string {
  const {types} = context;
  const bare = bareMediaType(mediaType);
  const itemOf = () => witness(context, types.typeOf(media.itemSchema ?? media.schema, {direction: 'out'}));
  switch (kind) {
    case 'json': {
      const schema = witness(context, types.typeOfAny([media.schema], orNothing, {direction: 'out'}));
      return bare === 'application/json' ? schema : call(context, 'asJson', schema, mediaTypeOption(bare));
    }
    case 'ndjson':
      return call(context, 'asNdjson', itemOf(), mediaTypeOption(bare));
    case 'events':
      return writeEvents(media, context, (message) => context.warn(`${method} ${path}: ${message}`));
    case 'text':
    case 'form':
      return call(context, 'asText', bare === 'text/plain' ? undefined : mediaTypeLiteral(bare));
    case 'multipart':
    case 'binary':
      return call(context, 'asBlob', bare.includes('*') ? undefined : mediaTypeLiteral(bare));
  }
}

function writeEvents(
  {schema, itemSchema}: MediaType,
  context: EndpointContext,
  warn: (message: string) => void,
): string {
  const {document, types} = context;
  const all = itemSchema === undefined ? [] : eventData(document, itemSchema);
  if (all.length === 0) {
    // Before OpenAPI 3.2, and where a document doesn't describe whole events, the schema describes their data.
    const data = resolve<SchemaOrBoolean | undefined>(document, (itemSchema ?? schema) as never);
    const isText = !isSchema(data) || data.type === 'string' || Object.keys(data).length === 0;
    all.push(isText ? 'text' : {json: (itemSchema ?? schema) as SchemaOrBoolean});
  }
  const schemas = all.flatMap((one) => (one === 'text' ? [] : [one.json]));
  if (schemas.length === all.length)
    return call(context, 'asEvents', witness(context, types.typeOfAny(schemas, false, {direction: 'out'})));
  if (schemas.length > 0) warn('the data of all events is text, because only some of it is JSON');
  return call(context, 'asEvents');
}

/** The successful responses: those of 2xx, or else the default one. */
function successes({operation}: ClientOperation, {document}: EndpointContext): Success[] {
  const responses = Object.entries(operation.responses ?? {});
  const named = responses.filter(([status]) => /^2(?:\d\d|XX)$/i.test(status));
  const hasOthers = responses.some(([status]) => /^3/.test(status));
  const used =
    named.length > 0 ? named : hasOthers ? [] : responses.filter(([status]) => status === 'default');
  return used.map(([status, response]) => {
    const {content} = resolve<ResponseObject>(document, response);
    // RFC 9110, sections 15.3.5 and 15.3.6: these statuses have no body, even if the document declares one.
    const hasBody = status !== '204' && status !== '205';
    return {status: status.toUpperCase(), choice: hasBody ? choose(content, document) : undefined, content};
  });
}

/** A status, a class of statuses or `default` as the key of an object. */
function statusKey(status: string): string {
  return /^(?:\d+|default)$/.test(status) ? status : stringLiteral(status);
}

/** The redirects that fetch follows. */
const followed = new Set(['301', '302', '303', '307', '308']);

export function writeErrors(
  {operation, method}: ClientOperation,
  context: EndpointContext,
): string | undefined {
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
    const comment =
      description && description.length <= 100 && !description.includes('\n')
        ? docComment({description})
        : '';
    const type = method === 'HEAD' ? 'undefined' : errorType(choose(content, context.document), context);
    return [`${comment}${statusKey(key)}: ${witness(context, type)}`];
  });
  return members.length > 0 ? `{\n  ${indent(members.join(',\n'))},\n}` : undefined;
}

function errorType(choice: Choice | undefined, {types}: EndpointContext): string {
  if (choice?.kind === 'json') return types.typeOf(choice.media.schema, {direction: 'out'});
  return choice?.kind === 'text' ? 'string' : 'unknown';
}
