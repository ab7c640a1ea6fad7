/** A reference to another part of the document, or to another file. */
export interface Reference {
  readonly $ref: string;
}

/** A JSON Schema, as OpenAPI 3.0 and 3.1 have them. */
export interface Schema {
  readonly $ref?: string;
  readonly $dynamicRef?: string;
  readonly $dynamicAnchor?: string;
  readonly $defs?: Readonly<Record<string, SchemaOrBoolean>>;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly deprecated?: boolean;
  readonly nullable?: boolean;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaOrBoolean>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaOrBoolean;
  readonly patternProperties?: Readonly<Record<string, SchemaOrBoolean>>;
  readonly items?: SchemaOrBoolean;
  readonly prefixItems?: readonly SchemaOrBoolean[];
  readonly allOf?: readonly SchemaOrBoolean[];
  readonly oneOf?: readonly SchemaOrBoolean[];
  readonly anyOf?: readonly SchemaOrBoolean[];
  readonly discriminator?: {
    readonly propertyName?: string;
    readonly mapping?: Readonly<Record<string, string>>;
  };
  readonly contentMediaType?: string;
  readonly contentEncoding?: string;
  readonly contentSchema?: SchemaOrBoolean;
}

export type SchemaOrBoolean = Schema | boolean;

/** Whether a value is a schema other than `true` and `false`. Some documents have `null` where a schema is missing. */
export function isSchema(value: SchemaOrBoolean | null | undefined): value is Schema {
  return typeof value === 'object' && value !== null;
}

/** The encoding of one member of a form. */
export interface Encoding {
  readonly contentType?: string;
  readonly headers?: object;
  readonly style?: string;
  readonly explode?: boolean;
  readonly allowReserved?: boolean;
}

export interface MediaType {
  readonly schema?: SchemaOrBoolean;
  readonly encoding?: Readonly<Record<string, Encoding>>;
  /** OpenAPI 3.2: the schema of the items of a stream. */
  readonly itemSchema?: SchemaOrBoolean;
}

export type Content = Readonly<Record<string, MediaType>>;

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly deprecated?: boolean;
  readonly style?: string;
  readonly explode?: boolean;
  readonly allowReserved?: boolean;
  readonly schema?: SchemaOrBoolean;
  readonly content?: Content;
}

export interface RequestBody {
  readonly description?: string;
  readonly required?: boolean;
  readonly content?: Content;
}

export interface ResponseObject {
  readonly headers?: Readonly<Record<string, Parameter | Reference>>;
  readonly description?: string;
  readonly content?: Content;
}

export interface Operation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly externalDocs?: {readonly url?: string};
  readonly parameters?: ReadonlyArray<Parameter | Reference>;
  readonly requestBody?: RequestBody | Reference;
  readonly responses?: Readonly<Record<string, ResponseObject | Reference>>;
  readonly servers?: readonly Server[];
  readonly callbacks?: Readonly<Record<string, unknown>>;
}

export interface PathItem {
  readonly $ref?: string;
  readonly parameters?: ReadonlyArray<Parameter | Reference>;
  readonly [method: string]: unknown;
}

interface Server {
  readonly url?: string;
  readonly variables?: Readonly<Record<string, {readonly default?: string}>>;
}

/** How an API authenticates its callers. */
export interface SecurityScheme {
  readonly type?: string;
  readonly scheme?: string;
  readonly in?: string;
  readonly name?: string;
  readonly flows?: {readonly clientCredentials?: {readonly tokenUrl?: string}};
}

/** The parts of an OpenAPI document that a client is made of. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info?: {readonly title?: string; readonly version?: string; readonly description?: string};
  readonly servers?: readonly Server[];
  readonly paths?: Readonly<Record<string, PathItem>>;
  readonly webhooks?: Readonly<Record<string, PathItem>>;
  readonly components?: {
    readonly schemas?: Readonly<Record<string, SchemaOrBoolean>>;
    readonly securitySchemes?: Readonly<Record<string, SecurityScheme | Reference>>;
  };
}

/** The document, or a file that it refers to, can't be read or isn't valid. */
export class OpenApiError extends Error {
  override readonly name: string = 'OpenApiError';
}

/** The option `strict` is set, and the code leaves out or changes parts of the document. */
export class StrictError extends OpenApiError {
  readonly warnings: readonly string[];

  constructor(warnings: readonly string[]) {
    const count = warnings.length === 1 ? 'One part' : `${warnings.length} parts`;
    super(
      `${count} of the document would be left out or changed, which strict forbids: ${warnings.join('; ')}`,
    );
    this.warnings = warnings;
  }
}

const places = new WeakMap<OpenApiError, readonly string[]>();

/** The members that lead to the part of the document that an error is about. */
export function placeOfError(error: OpenApiError): readonly string[] | undefined {
  return places.get(error);
}

/**
 * A document is YAML, or may be, and the package `yaml` can't be loaded. It is an optional peer dependency of aiofetch,
 * because documents in JSON don't need it. The message names the command that installs it.
 */
export class MissingYamlError extends OpenApiError {
  override readonly name = 'MissingYamlError';

  /** @param jsonError - Why the file isn't JSON, where it begins as JSON does. */
  constructor(file: string, jsonError: unknown, options: ErrorOptions) {
    const problem =
      jsonError === undefined
        ? `${file} is YAML, which needs the package "yaml"`
        : `${file} is not valid JSON (${(jsonError as Error).message}). If it is YAML, it needs the package "yaml"`;
    super(`${problem}. Run: npm install yaml`, options);
  }
}

/**
 * Runs work on a part of a document, and names the part in the error if the part isn't valid.
 *
 * @param place - The members that lead to the part.
 */
export function within<Result>(where: string, place: readonly string[], work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const error =
      cause instanceof OpenApiError
        ? cause
        : new OpenApiError(`The document is not valid at ${where}`, {cause});
    if (!places.has(error) && place.length > 0) places.set(error, place);
    throw error;
  }
}

/** A document, and the files that it refers to by their URL. References between files are absolute. */
export interface LoadedDocument {
  readonly root: OpenApiDocument;
  readonly files: ReadonlyMap<string, unknown>;
  /** The text of the document; none where it was given as an object. */
  readonly source?: {readonly name: string; readonly text: string} | undefined;
  /** Bounds the work on the document: `spend` throws an OpenApiError when the limit is exceeded. */
  readonly work: {spend(amount?: number): void};
}

/** @throws OpenApiError when the value is not an OpenAPI document of version 3 */
export function checkDocument(value: unknown): OpenApiDocument {
  const document = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly openapi?: unknown;
    readonly swagger?: unknown;
  };
  if (document.swagger !== undefined)
    throw new OpenApiError('The document is Swagger, of which only the version 2.0 can be read');
  if (typeof document.openapi !== 'string' || !/^3\.\d/.test(document.openapi)) {
    throw new OpenApiError(
      'The document is not an OpenAPI document: its member "openapi" has to be 3.0 or later',
    );
  }
  return value as OpenApiDocument;
}

/** The value that a reference leads to, directly or through further references. */
export function resolve<Value>(document: LoadedDocument, value: Value | Reference): Value {
  let current = value as Value | Reference;
  for (let hops = 0; isReference(current); hops++) {
    if (hops > 50) throw new OpenApiError(`The reference ${current.$ref} leads back to itself`);
    current = lookUp(document, current.$ref) as Value | Reference;
  }
  return current as Value;
}

export function isReference(value: unknown): value is Reference {
  return typeof (value as Partial<Reference> | null | undefined)?.$ref === 'string';
}

/** The value at a JSON Pointer (RFC 6901), in the document or in another file. */
export function lookUp(document: LoadedDocument, ref: string, depth = 0): unknown {
  if (depth > 50) throw new OpenApiError(`The reference ${ref} leads back to itself`);
  document.work.spend();
  const hash = ref.indexOf('#');
  const file = hash === -1 ? ref : ref.slice(0, hash);
  const root = file === '' ? document.root : document.files.get(file);
  if (root === undefined) throw new OpenApiError(`The reference ${ref} leads to a file that was not loaded`);
  let current: unknown = root;
  for (const segment of pointerSegments(ref)) {
    // A pointer may lead through a reference, as that of a path item in another file.
    for (let hops = 0; isReference(current) && !Object.hasOwn(current, segment); hops++) {
      if (hops > 50) throw new OpenApiError(`The reference ${ref} leads back to itself`);
      current = lookUp(document, current.$ref, depth + 1);
    }
    current = Object.hasOwn(Object(current), segment)
      ? (current as Readonly<Record<string, unknown>>)[segment]
      : undefined;
    if (current === undefined)
      throw new OpenApiError(`The reference ${ref} leads nowhere: "${segment}" does not exist`);
  }
  return current;
}

export function pointerSegments(ref: string): string[] {
  const hash = ref.indexOf('#');
  const pointer = hash === -1 ? '' : ref.slice(hash + 1);
  if (pointer === '' || pointer === '/') return [];
  if (!pointer.startsWith('/'))
    throw new OpenApiError(`The reference ${ref} is an anchor, and only JSON Pointers are supported`);
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => decoded(segment).replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Text with its percent-encoding decoded; the text itself if it is not percent-encoded, as the name "100%". */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
