import {checkRoute} from '../client/check-route.ts';
import type {LoadedDocument, Operation, Parameter, PathItem} from './document.ts';
import {OpenApiError, resolve, within} from './document.ts';
import {textOf} from './literals.ts';
import {camelCase, Scope} from './names.ts';

/** One operation of a document, with its place in the client. */
export interface ClientOperation {
  /** The name of its group; `undefined` for an operation without a group. */
  readonly group: string | undefined;
  /** Its name in the group. */
  readonly name: string;
  /** Its name among all operations: the whole `operationId`, or the method and the path. */
  readonly fullName: string;
  readonly method: string;
  /** The path of the endpoint: parameters are in braces, and have names that an endpoint may have. */
  readonly path: string;
  /** The path as the document has it. */
  readonly pathInDocument: string;
  /** The names of the path's parameters in `path`, by their names in the document. */
  readonly pathNames: ReadonlyMap<string, string>;
  readonly operation: Operation;
  readonly parameters: readonly Parameter[];
}

export const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'query'] as const;

/** The operations of a document, in its order, each with a name that is unique in its group. */
export function operationsOf(document: LoadedDocument, warn: (message: string) => void): ClientOperation[] {
  const {paths = {}} = document.root;
  const all = Object.entries(paths).flatMap(([path, given]) => {
    // `x-…` is an extension, not a path.
    if (path.startsWith('x-')) return [];
    return within(path, ['paths', path], () => possibleOperations(document, path, given, warn));
  });
  const written = Object.keys(paths).filter((path) => !path.startsWith('x-'));
  if (all.length === 0 && written.length > 0)
    throw new OpenApiError(
      `No path of the document has an operation that a client can have: the paths are ${written.slice(0, 3).join(', ')}${written.length > 3 ? ', …' : ''}`,
    );
  // A document without tags, and without operationIds that have a prefix, has no groups.
  const isGrouped = all.some(({method, path, operation}) =>
    within(
      `${method} ${path}`,
      placeOf(path, method),
      () => operation.tags?.length || prefixOf(operation) !== undefined,
    ),
  );
  const scopes = new Map<string | undefined, Scope>();
  return all.map(({path, method, item, operation}) =>
    within(`${method} ${path}`, placeOf(path, method), () => {
      const group = isGrouped ? groupOf(operation, path) : undefined;
      let scope = scopes.get(group);
      if (!scope) {
        scope = new Scope();
        scopes.set(group, scope);
      }
      const parameters = parametersOf(document, item, operation);
      const {template, names} = templateOf(path);
      for (const {name, in: place} of parameters) {
        if (place === 'path' && !names.has(name))
          warn(
            `${method} ${path}: the path parameter "${name}" is left out, because the path doesn't have it`,
          );
      }
      return {
        group,
        name: scope.take(nameOf(operation, method, path, group)),
        fullName: fullNameOf(operation, method, path),
        method,
        path: template,
        pathInDocument: path,
        pathNames: names,
        operation,
        parameters,
      };
    }),
  );
}

function placeOf(path: string, method: string): readonly string[] {
  return ['paths', path, method.toLowerCase()];
}

interface PossibleOperation {
  readonly path: string;
  readonly method: string;
  readonly item: PathItem;
  readonly operation: Operation;
}

/** The operations of a path that an endpoint can have. */
function possibleOperations(
  document: LoadedDocument,
  path: string,
  given: PathItem,
  warn: (message: string) => void,
): PossibleOperation[] {
  // OpenAPI 3.1 allows operations beside a reference.
  const item: PathItem = {
    ...resolve<PathItem>(document, given as never),
    ...given,
    $ref: undefined as never,
  };
  if (item['trace']) warn(`TRACE ${path} is left out, because fetch refuses this method`);
  for (const method of Object.keys((item['additionalOperations'] as object | undefined) ?? {}))
    warn(`${method} ${path} is left out, because endpoints don't support this method`);
  return methods.flatMap((method) => {
    if (!item[method]) return [];
    // OpenAPI has no references here, but documents over several files do.
    const operation = resolve<Operation>(document, item[method] as never);
    const possible = {path, method: method.toUpperCase(), item, operation};
    if (operation.servers ?? item['servers'])
      warn(
        `${possible.method} ${path} has servers of its own, which are ignored: the request goes to the base URL`,
      );
    return isPossible(possible, warn) ? [possible] : [];
  });
}

/** Whether an endpoint can have the path. */
function isPossible(
  {path, method}: {readonly path: string; readonly method: string},
  warn: (message: string) => void,
): boolean {
  const {template} = templateOf(path);
  try {
    checkRoute(`${method} ${template}`);
    return true;
  } catch {
    warn(`${method} ${path} is left out, because an endpoint can't have this path`);
    return false;
  }
}

/** The parameters of the path item, overridden by those of the operation. */
function parametersOf(document: LoadedDocument, item: PathItem, operation: Operation): Parameter[] {
  const byPlace = new Map<string, Parameter>();
  for (const given of [...(item.parameters ?? []), ...(operation.parameters ?? [])]) {
    const parameter = resolve<Parameter>(document, given);
    const name = textOf(parameter.name);
    const place = textOf(parameter.in);
    // RFC 9110, section 5.1: names of headers are the same in any case.
    const key = place === 'header' ? name.toLowerCase() : name;
    byPlace.set(`${place} ${key}`, {...parameter, name, in: place});
  }
  return [...byPlace.values()];
}

/** A path whose parameters have names that an endpoint may have. Servers never see these names. */
function templateOf(path: string): {readonly template: string; readonly names: ReadonlyMap<string, string>} {
  const names = new Map<string, string>();
  const scope = new Scope();
  const [bare = ''] = path.split('#', 1);
  const parts = bare.split(/\{([^{}]*)\}/).map((part, index) => {
    // URLs have no spaces and backslashes, and a route refuses segments that begin with a colon.
    if (index % 2 === 0) return part.replaceAll(/[\s\\]/g, encodeURIComponent).replaceAll('/:', '/%3A');
    const free = scope.take(part.normalize('NFC').replaceAll(/[^\p{L}\p{M}\p{N}_-]+/gu, '_') || 'parameter');
    // A parameter that occurs twice gets a second name, which the document doesn't describe.
    if (!names.has(part)) names.set(part, free);
    return `{${free}}`;
  });
  const template = parts.join('');
  return {template: template.startsWith('/') ? template : `/${template}`, names};
}

/** The prefix of an operationId: `repos` in `repos/get`, `pets` in `pets.list`. */
function prefixOf({operationId = ''}: Operation): string | undefined {
  return /^(.+)[/.:][^/.:]+$/.exec(textOf(operationId))?.[1];
}

function groupOf(operation: Operation, path: string): string {
  const [tag] = operation.tags ?? [];
  const text =
    tag ?? prefixOf(operation) ?? path.split('/').find((part) => part !== '' && !part.startsWith('{'));
  return camelCase(textOf(text ?? ''), 'root');
}

function fullNameOf({operationId}: Operation, method: string, path: string): string {
  return camelCase(
    operationId ? textOf(operationId) : `${method} ${path.replaceAll('{', 'by ')}`,
    method.toLowerCase(),
  );
}

function nameOf(operation: Operation, method: string, path: string, group: string | undefined): string {
  if (!operation.operationId) return fullNameOf(operation, method, path);
  const operationId = textOf(operation.operationId);
  const own = operationId.slice((prefixOf(operation)?.length ?? -1) + 1);
  // `UsersController_findAll` in the group "users" becomes `findAll`.
  const [, holder = '', rest = ''] = /^([^_]+)_(.+)$/.exec(own) ?? [];
  const isHolder =
    group !== undefined &&
    camelCase(holder.replace(/(?:Controller|Api|Service)$/i, ''), '').toLowerCase() === group.toLowerCase();
  const name = camelCase(isHolder ? rest : own, method.toLowerCase());
  // An object with a method `then` counts as a promise: `await` would call the method.
  return name === 'then' ? 'then_' : name;
}
