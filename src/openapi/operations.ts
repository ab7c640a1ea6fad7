import {compileRoute} from '../client/route.ts';
import type {LoadedDocument, Operation, Parameter, PathItem} from './document.ts';
import {resolve, within} from './document.ts';
import {camelCase, Scope} from './names.ts';

/** One operation: where it goes in the client, and what is known of it. */
export interface ClientOperation {
  /** The group's name; `undefined`: none. */
  readonly group: string | undefined;
  /** Its name in the group. */
  readonly name: string;
  /** Its name among all operations: the whole `operationId`, or the method and the path. */
  readonly fullName: string;
  readonly method: string;
  /** As an endpoint has it: parameters in braces, by names that it may have. */
  readonly path: string;
  /** The names of the path's parameters: the document's, and as they are in `path`. */
  readonly pathNames: ReadonlyMap<string, string>;
  readonly operation: Operation;
  readonly parameters: readonly Parameter[];
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'query'] as const;

/** The operations of a document, in its order, each with a name that no other has. */
export function operationsOf(document: LoadedDocument, warn: (message: string) => void): ClientOperation[] {
  const {paths = {}} = document.root;
  const all = Object.entries(paths).flatMap(([path, given]) => {
    // A name of an extension's, as `x-…`, is no path.
    if (path.startsWith('x-')) return [];
    // OpenAPI 3.1 allows for operations beside a reference.
    const item: PathItem = {
      ...resolve<PathItem>(document, given as never),
      ...given,
      $ref: undefined as never,
    };
    if (item['trace']) warn(`TRACE ${path} is left out: fetch has no such method`);
    for (const method of Object.keys((item['additionalOperations'] as object | undefined) ?? {}))
      warn(`${method} ${path} is left out: an endpoint has no such method`);
    return methods.flatMap((method) => {
      const operation = item[method] as Operation | undefined;
      if (!operation) return [];
      const given = {path, method: method.toUpperCase(), item, operation};
      if (operation.servers ?? item['servers'])
        warn(`${given.method} ${path} has servers of its own: it's asked for where the others are`);
      return isPossible(given, warn) ? [given] : [];
    });
  });
  // A document without tags, or names that have one, has no groups.
  const isGrouped = all.some(({operation}) => operation.tags?.length || prefixOf(operation) !== undefined);
  const scopes = new Map<string | undefined, Scope>();
  return all.map(({path, method, item, operation}) => {
    const group = isGrouped ? groupOf(operation, path) : undefined;
    let scope = scopes.get(group);
    if (!scope) {
      scope = new Scope();
      scopes.set(group, scope);
    }
    const parameters = within(`${method} ${path}`, () => parametersOf(document, item, operation));
    const {template, names} = templateOf(path);
    for (const {name, in: place} of parameters) {
      if (place === 'path' && !names.has(name))
        warn(`${method} ${path} has no "${name}" in its path: it's left out`);
    }
    return {
      group,
      name: scope.take(nameOf(operation, method, path, group)),
      fullName: fullNameOf(operation, method, path),
      method,
      path: template,
      pathNames: names,
      operation,
      parameters,
    };
  });
}

/** Whether there can be an endpoint of that path. */
function isPossible(
  {path, method}: {readonly path: string; readonly method: string},
  warn: (message: string) => void,
): boolean {
  const {template} = templateOf(path);
  try {
    compileRoute(`${method} ${template}`);
    return true;
  } catch {
    warn(`${method} ${path} is left out: an endpoint has no such path`);
    return false;
  }
}

/** Those of the path, and over them the operation's own. */
function parametersOf(document: LoadedDocument, item: PathItem, operation: Operation): Parameter[] {
  const byPlace = new Map<string, Parameter>();
  for (const given of [...(item.parameters ?? []), ...(operation.parameters ?? [])]) {
    const parameter = resolve<Parameter>(document, given);
    byPlace.set(`${parameter.in} ${parameter.name}`, parameter);
  }
  return [...byPlace.values()];
}

/** A path with names that an endpoint may have: the names of its parameters aren't sent. */
function templateOf(path: string): {readonly template: string; readonly names: ReadonlyMap<string, string>} {
  const names = new Map<string, string>();
  const scope = new Scope();
  const [bare = ''] = path.split('#', 1);
  const parts = bare.split(/\{([^{}]*)\}/).map((part, index) => {
    // What no URL has, and what a route would take for a parameter.
    if (index % 2 === 0) return part.replaceAll(/[\s\\]/g, encodeURIComponent).replaceAll('/:', '/%3A');
    const free = scope.take(part.replaceAll(/[^\w-]+/g, '_') || 'parameter');
    // Of one that is there twice, the second has a name that the document knows nothing of.
    if (!names.has(part)) names.set(part, free);
    return `{${free}}`;
  });
  const template = parts.join('');
  return {template: template.startsWith('/') ? template : `/${template}`, names};
}

/** What stands before the name in `repos/get` or `pets.list`. */
function prefixOf({operationId = ''}: Operation): string | undefined {
  return /^(.+)[/.:][^/.:]+$/.exec(operationId)?.[1];
}

function groupOf(operation: Operation, path: string): string {
  const [tag] = operation.tags ?? [];
  const text =
    tag ?? prefixOf(operation) ?? path.split('/').find((part) => part !== '' && !part.startsWith('{'));
  return camelCase(text ?? '', 'root');
}

function fullNameOf({operationId}: Operation, method: string, path: string): string {
  return camelCase(operationId || `${method} ${path.replaceAll('{', 'by ')}`, method.toLowerCase());
}

function nameOf(operation: Operation, method: string, path: string, group: string | undefined): string {
  const {operationId} = operation;
  if (!operationId) return fullNameOf(operation, method, path);
  const own = operationId.slice((prefixOf(operation)?.length ?? -1) + 1);
  // `UsersController_findAll` in "users" is its `findAll`.
  const [, holder = '', rest = ''] = /^([^_]+)_(.+)$/.exec(own) ?? [];
  const isHolder =
    group !== undefined &&
    camelCase(holder.replace(/(?:Controller|Api|Service)$/i, ''), '').toLowerCase() === group.toLowerCase();
  return camelCase(isHolder ? rest : own, method.toLowerCase());
}
