/**
 * Typed clients out of OpenAPI documents. For Node.
 *
 * @module
 */
import {loadDocument} from './load.ts';
import {writeModule} from './module.ts';

export {MissingYamlError, OpenApiError} from './document.ts';

/** What {@link fromOpenApi} makes. */
export interface GeneratedClient {
  /** A TypeScript module: types, endpoints in groups, and `createClient`. */
  readonly code: string;
  /** What of the document it leaves out, or takes otherwise. */
  readonly warnings: readonly string[];
}

/**
 * Writes a typed client of `endpoint` declarations from an OpenAPI document, 3.0 or later: what the command
 * `aiofetch openapi` does. The same document makes the same code.
 *
 * Schemas that have a name become types of that name, operations endpoints in groups by their first tag, descriptions
 * doc comments. Nothing checks what comes back: the types are believed.
 *
 * @param source - A file, a URL, or the document itself, as an object
 * @throws OpenApiError when the source is no such document, or refers to something that isn't there; MissingYamlError when
 * it is YAML and the package `yaml`, an optional peer dependency, isn't installed
 *
 * @example
 * ```ts
 * import {fromOpenApi} from 'aiofetch/openapi';
 *
 * const {code, warnings} = await fromOpenApi({
 *   openapi: '3.1.0',
 *   info: {title: 'Users', version: '1'},
 *   paths: {'/users/{id}': {get: {operationId: 'getUser', responses: {200: {description: 'The user'}}}}},
 * });
 * console.log(code, warnings);
 * ```
 */
export async function fromOpenApi(source: string | URL | object): Promise<GeneratedClient> {
  const document = await loadDocument(source);
  const warnings = new Set<string>();
  const warn = (message: string) => void warnings.add(message);
  return {code: writeModule(document, warn), warnings: [...warnings]};
}
