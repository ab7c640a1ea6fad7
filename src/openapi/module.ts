import {docComment, indent} from './comments.ts';
import type {LoadedDocument, OpenApiDocument} from './document.ts';
import {within} from './document.ts';
import {writeEndpoint} from './endpoints.ts';
import {memberName, stringLiteral, textOf} from './literals.ts';
import {pure, Scope, safeIdentifier} from './names.ts';
import type {ClientOperation} from './operations.ts';
import {operationsOf} from './operations.ts';
import {authOptions} from './security.ts';
import {writeSideTypes} from './side-types.ts';
import {TypeWriter} from './types.ts';

/**
 * Writes the module of a client: types, one constant for each operation, groups of these constants, and `createClient`.
 *
 * Bundlers leave out every constant that nobody uses, because each operation is a constant of its own and each call in it
 * is marked as pure. esbuild 0.28 needs the mark at the call: it doesn't apply `@__NO_SIDE_EFFECTS__` across modules.
 */
export function writeModule(document: LoadedDocument, warnings: Set<string>): string {
  const warn = (message: string) => void warnings.add(message);
  const used = new Set<string>();
  const use = (name: string) => {
    used.add(name);
    return name;
  };
  const types = new TypeWriter(document, warn);
  const context = {document, types, use, warn};
  const operations = operationsOf(document, warn);
  const byGroup = new Map<string | undefined, ClientOperation[]>([[undefined, []]]);
  for (const operation of operations) {
    const others = byGroup.get(operation.group);
    if (others) others.push(operation);
    else byGroup.set(operation.group, [operation]);
  }
  const groups = [...byGroup.keys()].filter((group) => group !== undefined);
  const scope = new Scope(imported);
  const groupConstants = new Map(groups.map((group) => [group, scope.take(safeIdentifier(group))]));
  const constants = new Map(
    operations.map((operation) => [operation, scope.take(safeIdentifier(operation.fullName))]),
  );

  const endpoints = operations.map((operation) => {
    const {method, path} = operation;
    const place = ['paths', operation.pathInDocument, method.toLowerCase()];
    return within(`${method} ${path}`, place, () => {
      const endpoint = writeEndpoint(operation, context);
      const text = `${commentOf(operation)}export const ${constants.get(operation)} = ${endpoint};\n`;
      document.work.spend(text.length);
      return text;
    });
  });
  const membersOf = (wanted: string | undefined) =>
    (byGroup.get(wanted) ?? []).map(
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
  const sideTypes = writeSideTypes(constants, context);
  const declarations = types.declarations();
  const baseUrl = within('servers', ['servers'], () => baseUrlOf(document.root));
  const note = within('components.securitySchemes', ['components', 'securitySchemes'], () =>
    authNote(document),
  );
  const sections = [
    within('info', ['info'], () => header(document.root, warnings)),
    importing([...used]),
    ...(baseUrl === undefined
      ? []
      : [
          `/** The URL of the API, for the option \`baseUrl\` of a session. */\nexport const baseUrl = ${stringLiteral(baseUrl)};\n`,
        ]),
    ...declarations,
    ...sideTypes,
    ...endpoints,
    ...groupObjects,
    `${docComment({summary: 'Makes a client on a session.', description: note})}export const createClient = ${createClient};\n`,
    '/** The client that `createClient` returns. */\nexport type Client = ReturnType<typeof createClient>;\n',
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
  'uncheckedEndpoint',
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

function header({info = {}}: OpenApiDocument, warnings: ReadonlySet<string>): string {
  const {title = 'An API', version} = info;
  const list = [...warnings].map((warning) => `- ${warning.replaceAll(/\s+/g, ' ')}`);
  const leftOut = list.length === 0 ? '' : `\n\nLeft out or changed:\n\n${list.join('\n')}`;
  return `/* eslint-disable -- generated code: its names and its order are those of the document */\n${docComment(
    {
      summary: `${textOf(title)}${version === undefined ? '' : ` ${textOf(version)}`}`,
      description: `Generated by \`aiofetch openapi\`. Changes to this file are lost when the command runs again.${leftOut}`,
    },
  )}`
    .trimEnd()
    .replace(/ \*\/$/, ' *\n * @module\n */\n');
}

function authNote(document: LoadedDocument): string | undefined {
  const options = authOptions(document);
  if (options.length === 0) return undefined;
  return `The API asks for authentication. Set the option \`auth\` of the session to one of:\n\n${options.map((option) => `- \`${option}\``).join('\n')}`;
}

function commentOf({operation}: ClientOperation): string {
  const {summary, description, deprecated, externalDocs} = operation;
  return docComment({summary, description, deprecated, see: externalDocs?.url});
}

/** The comment of a client's method. Editors show it there, because they don't follow a member to its constant. */
function briefCommentOf({operation}: ClientOperation): string {
  const {summary, description = '', deprecated} = operation;
  const [firstParagraph] = textOf(description).split(/\n\s*\n/, 1);
  return docComment({summary: summary ?? firstParagraph, deprecated});
}

/** The URL of the first server that has an absolute one, with the defaults of its variables. */
function baseUrlOf({servers = []}: OpenApiDocument): string | undefined {
  for (const {url = '', variables = {}} of servers) {
    const filled = textOf(url).replaceAll(/\{([^{}]+)\}/g, (whole, name: string) =>
      Object.hasOwn(variables, name) ? textOf(variables[name]?.default ?? whole) : whole,
    );
    if (!URL.canParse(filled) || !/^https?:/.test(filled) || filled.includes('{')) continue;
    return filled.endsWith('/') ? filled : `${filled}/`;
  }
  return undefined;
}
