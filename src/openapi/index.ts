/**
 * Generates typed clients from OpenAPI documents. For Node.
 *
 * @module
 */
import {loadDocument} from './load.ts';
import {writeModule} from './module.ts';

export {MissingYamlError, OpenApiError} from './document.ts';

/** The result of {@link fromOpenApi}. */
export interface GeneratedClient {
  /** A TypeScript module: types, endpoints in groups, and `createClient`. */
  readonly code: string;
  /** The parts of the document that the code leaves out or changes. */
  readonly warnings: readonly string[];
}

/**
 * Generates a typed client from an OpenAPI document, 3.0 or later, as the command `aiofetch openapi` does. The same document
 * always gives the same code.
 *
 * Named schemas become types, operations become constants made by `endpoint`, first tags become groups of these constants,
 * and descriptions become doc comments. At run time nothing checks responses: the compiler believes the types.
 *
 * @param source - A file, a URL, or the document itself, as an object
 * @throws OpenApiError when the source is not such a document, or refers to a part or file that doesn't exist; MissingYamlError when
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
