import {afterColon, docComment, indent} from './comments.ts';
import type {EndpointContext} from './context.ts';
import type {Operation, Parameter, PathItem, RequestBody, ResponseObject} from './document.ts';
import {resolve} from './document.ts';
import {memberName, textOf} from './literals.ts';
import {choose} from './media.ts';
import type {ClientOperation} from './operations.ts';
import {methods} from './operations.ts';
import {headerType} from './parameters.ts';

/** A member of a type. */
type Member = readonly [name: string, type: string, comment?: string, isOptional?: boolean];

/** Types of what a client has no methods for: the requests that an API sends, and the headers of its responses. */
export function writeSideTypes(
  operations: ReadonlyMap<ClientOperation, string>,
  context: EndpointContext,
): string[] {
  const {document} = context;
  const webhooks = membersOf(resolve<object>(document, document.root.webhooks ?? {}), (name, given) =>
    orLeftOut(`The webhook "${name}"`, context, () => [[name, requestsOf(given, context)]]),
  );
  const callbacks: Member[] = [];
  const headers: Member[] = [];
  for (const [{operation, method, path}, name] of operations) {
    const own = membersOf(operation.callbacks ?? {}, (callback, given) =>
      orLeftOut(`The callback "${callback}" of ${method} ${path}`, context, () => {
        const items = resolve<object>(document, given as never);
        const byUrl = membersOf(items, (url, item) => [[url, requestsOf(item, context)]]);
        return [[callback, objectType(byUrl)]];
      }),
    );
    if (own.length > 0) callbacks.push([name, objectType(own)]);
    const ofResponses = orLeftOut(`A response header of ${method} ${path}`, context, () =>
      headersOf(operation, context),
    );
    if (ofResponses.length > 0) headers.push([name, objectType(ofResponses)]);
  }
  return [
    ...declare('Webhooks', 'The requests that the API sends to webhooks, by name and method.', webhooks),
    ...declare(
      'Callbacks',
      'The requests that the API sends after an operation, by the constant of the operation, name, URL and method.',
      callbacks,
    ),
    ...declare(
      'ResponseHeaders',
      'The headers of responses, by the constant of the operation and the status.',
      headers,
    ),
  ];
}

function declare(name: string, summary: string, members: readonly Member[]): string[] {
  return members.length === 0
    ? []
    : [`${docComment({summary})}export interface ${name} ${objectType(members)}\n`];
}

/** The members of a map of a document, without extensions. */
function membersOf(map: object, write: (name: string, value: unknown) => readonly Member[]): Member[] {
  return Object.entries(map).flatMap(([name, value]) => (name.startsWith('x-') ? [] : write(name, value)));
}

/** Warns about a part that isn't valid, rather than refuse a document whose client doesn't need the part. */
function orLeftOut(
  what: string,
  {document, warn}: EndpointContext,
  write: () => readonly Member[],
): readonly Member[] {
  try {
    return write();
  } catch (error) {
    // No work is left after the limit, so that this throws the error again.
    document.work.spend(0);
    warn(`${what} is left out, because it is not valid: ${(error as Error).message}`);
    return [];
  }
}

function objectType(members: readonly Member[]): string {
  const lines = members.map(
    ([name, type, comment = '', isOptional = false]) =>
      `${comment}${memberName(name)}${isOptional ? '?' : ''}:${afterColon(type)};`,
  );
  return lines.length === 0 ? '{}' : `{\n  ${indent(lines.join('\n'))}\n}`;
}

/** The types of the requests that a path item of a webhook or a callback describes. The API sends them: bodies come out of it. */
function requestsOf(given: unknown, context: EndpointContext): string {
  const {document, types} = context;
  const item = resolve<PathItem>(document, given as never);
  const requests: Member[] = [];
  for (const method of methods) {
    if (!item[method]) continue;
    const operation = resolve<Operation>(document, item[method] as never);
    const {requestBody, responses = {}, summary, description, deprecated} = operation;
    const {content, required} = requestBody ? resolve<RequestBody>(document, requestBody) : {};
    const choice = choose(content, document);
    const parts: Member[] = [];
    if (choice) {
      const isText = choice.kind === 'text' || choice.kind === 'events';
      const type = isText
        ? 'string'
        : types.typeOf(choice.media.schema ?? choice.media.itemSchema, {
            direction: 'out',
            isForm: choice.kind === 'multipart',
          });
      parts.push(['body', type, '', required !== true]);
    }
    const answers = Object.entries(responses).flatMap(([status, response]): Member[] => {
      const answer = choose(resolve<ResponseObject>(document, response).content, document);
      if (!answer) return [];
      const type = answer.kind === 'json' ? types.typeOf(answer.media.schema, {direction: 'in'}) : 'unknown';
      return [[status, type]];
    });
    if (answers.length > 0) parts.push(['responses', objectType(answers)]);
    requests.push([method, objectType(parts), docComment({summary, description, deprecated})]);
  }
  return objectType(requests);
}

function headersOf({responses = {}}: Operation, context: EndpointContext): Member[] {
  const {document} = context;
  return membersOf(responses, (status, given) => {
    const {headers = {}} = resolve<ResponseObject>(document, given as never);
    const byName = new Map<string, Member>();
    for (const [name, one] of Object.entries(resolve<object>(document, headers))) {
      const header = resolve<Parameter>(document, one as never);
      const {description, deprecated, required} = header;
      // OpenAPI, "Response Object": the media types of the response describe this header.
      const key = textOf(name).toLowerCase();
      if (key === 'content-type') continue;
      byName.set(key, [
        key,
        headerType(header, context, 'out'),
        docComment({description, deprecated}),
        required !== true,
      ]);
    }
    return byName.size === 0 ? [] : [[status, objectType([...byName.values()])]];
  });
}
