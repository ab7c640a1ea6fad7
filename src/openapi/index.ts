/**
 * Typed clients out of OpenAPI documents. For Node.
 *
 * @module
 */
import {docComment, indent} from './comments.ts';
import type {LoadedDocument, OpenApiDocument} from './document.ts';
import {within} from './document.ts';
import {writeEndpoint} from './endpoints.ts';
import {loadDocument} from './load.ts';
import {memberName, Scope, safeIdentifier, stringLiteral} from './names.ts';
import type {ClientOperation} from './operations.ts';
import {operationsOf} from './operations.ts';
import {authOptions} from './security.ts';
import {TypeWriter} from './types.ts';

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

function writeModule(document: LoadedDocument, warn: (message: string) => void): string {
  const used = new Set<string>();
  const use = (name: string) => {
    used.add(name);
    return name;
  };
  const types = new TypeWriter(document, warn);
  const operations = operationsOf(document, warn);
  const context = {document, types, use, warn};
  const method = (operation: ClientOperation) =>
    within(
      `${operation.method} ${operation.path}`,
      () => `${commentOf(operation)}${memberName(operation.name)}: ${writeEndpoint(operation, context)},\n`,
    );
  const groups = Map.groupBy(operations, ({group}) => group);
  // Of constants that would be called as what is imported, or as each other.
  const scope = new Scope(imported);
  const constants: string[] = [];
  const tree: string[] = [];
  for (const [group, members] of groups) {
    if (group === undefined) {
      tree.push(...members.map(method));
      continue;
    }
    const name = scope.take(safeIdentifier(group));
    constants.push(`export const ${name} = {\n  ${indent(members.map(method).join('\n')).trimEnd()}\n};\n`);
    tree.push(name === group ? `${name},\n` : `${memberName(group)}: ${name},\n`);
  }
  const declarations = types.declarations();
  const baseUrl = baseUrlOf(document.root);
  const client = `{\n  ${indent(tree.join('')).trimEnd()}\n}`;
  const sections = [
    header(document.root),
    importing([...used, 'defineClient']),
    ...(baseUrl === undefined
      ? []
      : [
          `/** Where the API is, for a session's \`baseUrl\`. */\nexport const baseUrl = ${stringLiteral(baseUrl)};\n`,
        ]),
    ...declarations,
    ...constants,
    `${docComment({summary: 'Makes a client on a session.', description: authNote(document)})}export const createClient = defineClient(${tree.length === 0 ? '{}' : client});\n`,
    '/** What `createClient` makes. */\nexport type Client = ReturnType<typeof createClient>;\n',
  ];
  return sections.join('\n');
}

/** What a module may import, and the names it has of its own. */
const imported = [
  'asBlob',
  'asEvents',
  'asForm',
  'asJson',
  'asMultipart',
  'asNdjson',
  'asStream',
  'asText',
  'baseUrl',
  'byStatus',
  'createClient',
  'defineClient',
  'endpoint',
  'type',
];

function importing(used: readonly string[]): string {
  const names = [...new Set(used)].sort();
  const line = `import {${names.join(', ')}} from 'aiofetch';\n`;
  return line.length <= 100 ? line : `import {\n  ${names.join(',\n  ')},\n} from 'aiofetch';\n`;
}

function header({info = {}}: OpenApiDocument): string {
  const {title = 'An API', version} = info;
  return `/* eslint-disable -- a program wrote it: its rules are those of the document */\n${docComment({
    summary: `${title}${version === undefined ? '' : ` ${version}`}`,
    description: 'Made by `aiofetch openapi`: what is changed here is gone when it runs again.',
  })}`
    .trimEnd()
    .replace(/ \*\/$/, ' *\n * @module\n */\n');
}

function authNote(document: LoadedDocument): string | undefined {
  const options = authOptions(document);
  if (options.length === 0) return undefined;
  return `Its requests may have to be signed, by the session's \`auth\`:\n\n${options.map((option) => `- \`${option}\``).join('\n')}`;
}

function commentOf({operation}: ClientOperation): string {
  const {summary, description, deprecated, externalDocs} = operation;
  return docComment({summary, description, deprecated, see: externalDocs?.url});
}

/** The first server that has an address of its own, its variables filled in. */
function baseUrlOf({servers = []}: OpenApiDocument): string | undefined {
  for (const {url = '', variables = {}} of servers) {
    const filled = url.replaceAll(
      /\{([^{}]+)\}/g,
      (whole, name: string) => variables[name]?.default ?? whole,
    );
    if (!URL.canParse(filled) || !/^https?:/.test(filled) || filled.includes('{')) continue;
    return filled.endsWith('/') ? filled : `${filled}/`;
  }
  return undefined;
}
