import type {Recipe, RecipeValue} from './recipe.ts';
import {isRecipeCall, sessionRecipe} from './recipe.ts';
import type {Runtime, Settings} from './settings.ts';

/** Where requests go. */
export interface CodeTarget {
  readonly hosts: readonly string[];
  /** The path before the number of each request. */
  readonly path: string;
}

const exampleTarget: CodeTarget = {
  hosts: ['https://a.example.com', 'https://b.example.com', 'https://c.example.com', 'https://d.example.com'],
  path: '/items/',
};

const lineWidth = 80;

/** The program that does what a run does, as a whole module. */
export function sessionCode(
  settings: Settings,
  runtime: Runtime,
  target: CodeTarget = exampleTarget,
): string {
  const {requests, concurrency, urls} = settings;
  const hosts = target.hosts.slice(0, settings.hosts);
  const recipe = sessionRecipe(settings, runtime);
  const used = namesIn(recipe).sort();
  const names = ['createSession', 'gather', ...used];
  const key = urls > 0 && urls < requests ? `n % ${number(urls)}` : 'n';
  // A browser's cache would otherwise hold back the second request for a URL, and so every hedge.
  const options = runtime === 'browser' ? "{signal, cache: 'no-store'}" : '{signal}';
  return `import {${names.join(', ')}} from 'aiofetch';

const hosts = ${print(hosts, 0, 'const hosts = ;'.length)};
const urls = Array.from({length: ${number(requests)}}, (_, n) =>
  \`\${hosts[n % hosts.length]}${target.path}\${${key}}\`,
);

await using session = createSession(${Object.keys(recipe).length > 0 ? print(recipe, 0, 50) : ''});

const results = await gather(
  urls,
  (url, {signal}) => session.get(url, ${options}).bytes(),
  {concurrency: ${concurrency > 0 ? number(concurrency) : 'Infinity'}, settle: true},
);
console.log(results.filter(({status}) => status === 'fulfilled').length, session.stats().totals);
`;
}

function namesIn(value: RecipeValue): string[] {
  if (typeof value !== 'object') return [];
  if (isRecipeCall(value)) return [value.call];
  return (Array.isArray(value) ? value : Object.values(value)).flatMap(namesIn);
}

/** On one line where it fits after the given width, otherwise with a line for each member. */
function print(value: RecipeValue, depth: number, before: number): string {
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'boolean') return String(value);
  const flat = flatten(value);
  // The options of the session always have a line each.
  const isSession = depth === 0 && !Array.isArray(value);
  if (!isSession && depth * 2 + before + flat.length <= lineWidth) return flat;
  if (isRecipeCall(value)) return `${value.call}(${print(value.options, depth, lineWidth)})`;
  const indent = '  '.repeat(depth + 1);
  const lines = Array.isArray(value)
    ? value.map((item: RecipeValue) => `${indent}${print(item, depth + 1, 1)},`)
    : Object.entries(value as Recipe).map(
        ([name, member]) => `${indent}${name}: ${print(member, depth + 1, name.length + 3)},`,
      );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.join('\n')}\n${'  '.repeat(depth)}${close}`;
}

function flatten(value: RecipeValue): string {
  if (typeof value !== 'object') return print(value, 0, 0);
  if (isRecipeCall(value)) return `${value.call}(${flatten(value.options).replace(/^\{\}$/, '')})`;
  if (Array.isArray(value)) return `[${value.map(flatten).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([name, member]) => `${name}: ${flatten(member)}`)
    .join(', ')}}`;
}

/** A number with separators from 1,000 on, as in the project's code. */
function number(value: number): string {
  return Number.isInteger(value) ? String(value).replaceAll(/\B(?=(\d{3})+$)/g, '_') : String(value);
}
