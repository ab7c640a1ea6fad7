import type {Document, Node, Pair, Scalar} from 'yaml';

/** `:3:14` for an offset of a text: its line and column, as terminals and editors read them behind the name of a file. */
function positionAt(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `:${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`;
}

/** The position of a mistake in JSON or YAML, as `:3:14`; `''` if the error doesn't tell. */
export function positionOfMistake(error: unknown, text: string): string {
  const {linePos: [start] = [], message} = error as {
    readonly linePos?: ReadonlyArray<{readonly line: number; readonly col: number}>;
    readonly message: string;
  };
  if (start) return `:${start.line}:${start.col}`;
  const [, position] = /\bposition (\d+)/.exec(message) ?? [];
  if (position !== undefined) return positionAt(text, Number(position));
  return /end of JSON input/.test(message) ? positionAt(text, text.length) : '';
}

/**
 * The position of a part of a document, as `:3:14`, or of the nearest part around it that the text has.
 *
 * @param place - The members that lead to the part.
 */
export async function positionOf(text: string, place: readonly string[]): Promise<string> {
  const isJson = isValidJson(text);
  const offset = isJson ? offsetInJson(text, place) : await offsetInYaml(text, place);
  return positionAt(text, offset);
}

function isValidJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Reads JSON that is known to be valid, up to the wanted member. */
function offsetInJson(text: string, place: readonly string[]): number {
  const token = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/gy;
  const next = () => (token.exec(text) as RegExpExecArray)[1] as string;
  let found = text.search(/\S/);
  token.lastIndex = found;
  const skip = (first: string) => {
    let depth = 0;
    for (let one = first; ; one = next()) {
      if (one === '{' || one === '[') depth++;
      else if (one === '}' || one === ']') depth--;
      if (depth === 0) return;
    }
  };
  for (const name of place) {
    const open = next();
    if (open !== '{' && open !== '[') return found;
    let isFound = false;
    for (let index = 0; !isFound; index++) {
      const first = next();
      if (first === '}' || first === ']') return found;
      const start = token.lastIndex - first.length;
      if (open === '{') next();
      isFound = open === '{' ? JSON.parse(first) === name : String(index) === name;
      if (isFound) {
        found = start;
        if (open === '[') token.lastIndex = start;
      } else {
        skip(open === '{' ? next() : first);
        if (next() !== ',') return found;
      }
    }
  }
  return found;
}

async function offsetInYaml(text: string, place: readonly string[]): Promise<number> {
  const {isAlias, isMap, isSeq, parseDocument} = await import('yaml');
  const document: Document = parseDocument(text, {uniqueKeys: false});
  let node: unknown = document.contents;
  let found = (node as Node | null)?.range?.[0] ?? 0;
  for (const name of place) {
    if (isAlias(node)) node = node.resolve(document);
    let start: number | undefined;
    if (isMap(node)) {
      const pairs = node.items as ReadonlyArray<Pair<Scalar | null, unknown>>;
      const pair = pairs.find(({key}) => key !== null && String(key.value) === name);
      start = pair?.key?.range?.[0];
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(name)];
      start = (node as Node | undefined)?.range?.[0];
    }
    if (start === undefined) return found;
    found = start;
  }
  return found;
}
