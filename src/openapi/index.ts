/**
 * Generates typed clients from OpenAPI documents. For Node.
 *
 * @module
 */
import {checkKnown} from '../utils/check-options.ts';
import type {LoadedDocument} from './document.ts';
import {OpenApiError, placeOfError, StrictError} from './document.ts';
import {loadDocument} from './load.ts';
import {writeModule} from './module.ts';
import {positionOf} from './positions.ts';

export {MissingYamlError, OpenApiError} from './document.ts';
export {MissingUpgraderError} from './swagger.ts';

/** The result of {@link fromOpenApi}. */
export interface GeneratedClient {
  /** A TypeScript module: types, endpoints in groups, and `createClient`. */
  readonly code: string;
  /** The parts of the document that the code leaves out or changes. */
  readonly warnings: readonly string[];
}

/** Options of {@link fromOpenApi}. */
export interface FromOpenApiOptions {
  /**
   * Whether a document from a URL may refer (`$ref`) to files of this machine, and a document from a public address to
   * addresses of this machine and its networks. Such references put what they lead to into the generated code.
   *
   * @default false
   */
  readonly allowLocalReferences?: boolean | undefined;
  /**
   * Whether a document may refer (`$ref`) to files outside of its directory and to URLs, and one from a URL to other
   * origins.
   *
   * @default false
   */
  readonly allowExternalReferences?: boolean | undefined;
  /**
   * Whether a part of the document that the code leaves out or changes is an error.
   *
   * @default false
   */
  readonly strict?: boolean | undefined;
}

/**
 * Generates a typed client from an OpenAPI document, 3.0 or later, or Swagger 2.0, as the command `aiofetch openapi` does. The same document
 * always gives the same code.
 *
 * Named schemas become types, operations become constants made by `endpoint`, first tags become groups of these constants,
 * and descriptions become doc comments. At run time nothing checks responses: the compiler believes the types.
 *
 * A document can't run code: of its text, only names, literals and comments become a part of the module. The work on a
 * document is bounded: a document that is nested more than 200 levels deep, has more than 128 Mi characters with its aliases
 * expanded, or whose parts include each other endlessly, is refused.
 *
 * @param source - A file, a URL, or the document itself, as an object
 * @throws OpenApiError when the source is not such a document, refers to a part or file that doesn't exist or that it must not
 * refer to, takes too much work, or has parts that are left out and `strict` is set; its message has the line and column; MissingYamlError when it is YAML and the package `yaml`, an optional peer dependency,
 * isn't installed; MissingUpgraderError the same for Swagger 2.0 and `@scalar/openapi-upgrader`; UnsupportedOptionError for an unknown option
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
export async function fromOpenApi(
  source: string | URL | object,
  options: FromOpenApiOptions = {},
): Promise<GeneratedClient> {
  checkKnown('fromOpenApi', options, ['allowLocalReferences', 'allowExternalReferences', 'strict']);
  const warnings = new Set<string>();
  const document = await loadDocument(source, undefined, options);
  let code: string;
  try {
    code = writeModule(document, warnings);
  } catch (cause) {
    throw await located(cause, document);
  }
  if (options.strict === true && warnings.size > 0) throw new StrictError([...warnings]);
  return {code, warnings: [...warnings]};
}

/** The error with the position in the document before its message. */
async function located(cause: unknown, {source}: LoadedDocument): Promise<OpenApiError> {
  const error =
    cause instanceof OpenApiError ? cause : new OpenApiError('The document is not valid', {cause});
  const place = placeOfError(error);
  if (!source || place === undefined) return error;
  const at = await positionOf(source.text, place);
  return new OpenApiError(`${source.name}${at}: ${error.message}`, {cause: error.cause});
}
