import {docComment, indent} from './comments.ts';
import type {LoadedDocument, OpenApiDocument} from './document.ts';
import {within} from './document.ts';
import {writeEndpoint} from './endpoints.ts';
import {memberName, pure, Scope, safeIdentifier, stringLiteral} from './names.ts';
import type {ClientOperation} from './operations.ts';
import {operationsOf} from './operations.ts';
import {authOptions} from './security.ts';
import {TypeWriter} from './types.ts';

/**
 * Writes the module of a client: types, one constant for each operation, groups of these constants, and `createClient`.
 *
 * Bundlers leave out every constant that nobody uses, because each operation is a constant of its own and each call in it
 * is marked as pure. esbuild 0.28 needs the mark at the call: it doesn't apply `@__NO_SIDE_EFFECTS__` across modules.
 */
export function writeModule(document: LoadedDocument, warn: (message: string) => void): string {
  const used = new Set<string>();
  const use = (name: string) => {
    used.add(name);
    return name;
  };
  const types = new TypeWriter(document, warn);
  const context = {document, types, use, warn};
  const operations = operationsOf(document, warn);
  const groups = [...new Set(operations.flatMap(({group}) => group ?? []))];
  const scope = new Scope(imported);
  const groupConstants = new Map(groups.map((group) => [group, scope.take(safeIdentifier(group))]));
  const constants = new Map(
    operations.map((operation) => [operation, scope.take(safeIdentifier(operation.fullName))]),
  );

  const endpoints = operations.map((operation) => {
    const {method, path} = operation;
    const endpoint = within(`${method} ${path}`, () => writeEndpoint(operation, context));
    return `${commentOf(operation)}export const ${constants.get(operation)} = ${endpoint};\n`;
  });
  const membersOf = (wanted: string | undefined) =>
    operations
      .filter(({group}) => group === wanted)
      .map(
        (operation) =>
          `${briefCommentOf(operation)}${member(operation.name, constants.get(operation) as string)}`,
      );
  const groupObjects = groups.map(
    (group) => `export const ${groupConstants.get(group)} = ${objectOf(membersOf(group))};\n`,
  );
  const tree = [
    ...groups.map((group) => member(group, groupConstants.get(group) as string)),
    ...membersOf(undefined),
  ];
  const createClient = pure(`${use('defineClient')}(${objectOf(tree)})`);
  const baseUrl = baseUrlOf(document.root);
  const sections = [
    header(document.root),
    importing([...used]),
    ...(baseUrl === undefined
      ? []
      : [
          `/** Where the API is, for a session's \`baseUrl\`. */\nexport const baseUrl = ${stringLiteral(baseUrl)};\n`,
        ]),
    ...types.declarations(),
    ...endpoints,
    ...groupObjects,
    `${docComment({summary: 'Makes a client on a session.', description: authNote(document)})}export const createClient = ${createClient};\n`,
    '/** What `createClient` makes. */\nexport type Client = ReturnType<typeof createClient>;\n',
  ];
  return sections.join('\n');
}

/** The names that a generated module imports, or has of its own. No other constant may have one of them. */
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

/** A member of an object whose value is a constant. */
function member(name: string, constant: string): string {
  return name === constant ? constant : `${memberName(name)}: ${constant}`;
}

function objectOf(members: readonly string[]): string {
  return members.length === 0 ? '{}' : `{\n  ${indent(members.join(',\n'))},\n}`;
}

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

/** The comment of a client's method. Editors show it there, because they don't follow a member to its constant. */
function briefCommentOf({operation}: ClientOperation): string {
  const {summary, description = '', deprecated} = operation;
  const [firstParagraph] = description.split(/\n\s*\n/, 1);
  return docComment({summary: summary ?? firstParagraph, deprecated});
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
