/**
 * Writes a module with a client of `count` endpoints of every kind, and with calls of some of them, to measure what it costs
 * the compiler.
 */
export function manyEndpoints(count: number, calls = Math.min(count, 50)): string {
  const lines = [
    "import type {Session} from 'aiofetch';",
    "import {defineClient, endpoint, linkPages, paginate, type} from 'aiofetch';",
    '',
    'declare const session: Session;',
    'interface Problem {readonly title: string; readonly fields: Readonly<Record<string, string>>}',
  ];
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const name = `resource${index}`;
    names.push(name);
    lines.push(
      `interface Resource${index} {readonly id: number; readonly name${index}: string; readonly tags: readonly string[]}`,
      declarationOf(name, index),
    );
  }
  lines.push(
    `const define = defineClient({${groupsOf(names)}});`,
    'export const client = define(session);',
    'export async function calls(): Promise<void> {',
  );
  for (let index = 0; index < calls; index++) lines.push(...callOf(`resource${index}`, index));
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

const groupSize = 20;

function groupsOf(names: readonly string[]): string {
  const groups: string[] = [];
  for (let start = 0; start < names.length; start += groupSize)
    groups.push(`group${start / groupSize}: {${names.slice(start, start + groupSize).join(', ')}}`);
  return groups.join(', ');
}

function declarationOf(name: string, index: number): string {
  const response = `type<Resource${index}>()`;
  const errors = 'errors: {404: type<Problem>(), 422: type<Problem>()}';
  switch (index % 4) {
    case 0:
      return `export const ${name} = endpoint('GET /orgs/{org}/r${index}/{id}', {response: ${response}, ${errors}});`;
    case 1:
      return `export const ${name} = paginate(endpoint('GET /orgs/{org}/r${index}', {query: type<{page?: number; filter${index}?: string}>(), response: type<Resource${index}[]>()}), linkPages());`;
    case 2:
      return `export const ${name} = endpoint('POST /orgs/{org}/r${index}', {body: type<Omit<Resource${index}, 'id'>>(), response: ${response}, ${errors}});`;
    default:
      return `export const ${name} = endpoint('DELETE /orgs/{org}/r${index}/{id}');`;
  }
}

function callOf(name: string, index: number): string[] {
  const method = `client.group${Math.floor(index / groupSize)}.${name}`;
  switch (index % 4) {
    case 0:
      return [`  console.log((await ${method}({path: {org: 'a', id: 1}})).name${index});`];
    case 1:
      return [
        `  for await (const {name${index}} of ${method}({path: {org: 'a'}, query: {page: 1}})) console.log(name${index});`,
      ];
    case 2:
      return [
        `  try { await ${method}({path: {org: 'a'}, body: {name${index}: 'a', tags: []}}); } catch (error) {`,
        `    if (${method}.isError(error) && error.status === 422) console.log(error.data.title);`,
        '  }',
      ];
    default:
      return [`  await ${method}({path: {org: 'a', id: 1}});`];
  }
}
