import type {MockCall} from '../../../src/connectors/mock.ts';
import type {
  Content,
  LoadedDocument,
  Operation,
  Parameter,
  PathItem,
  RequestBody,
  ResponseObject,
} from '../../../src/openapi/document.ts';
import {resolve} from '../../../src/openapi/document.ts';
import {exampleOf} from './examples.ts';

/** A request that was matched to an operation of the document. */
interface MatchedCall {
  /** The method and the document's path, as `GET /users/{id}`. */
  readonly operation: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly contentType: string | null;
  readonly text: string;
}

interface Candidate {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly parameters: readonly string[];
  readonly literals: number;
  readonly item: PathItem;
  readonly operation: Operation;
}

/** A server made of a document: it answers declared operations with examples, and refuses other requests. */
export function mockApi(document: LoadedDocument, basePath: string) {
  const calls: MatchedCall[] = [];
  const candidates = candidatesOf(document);
  async function handle(call: MockCall): Promise<Response> {
    const url = new URL(call.url);
    if (!url.pathname.startsWith(basePath)) return refuse(`${url.pathname} is not below ${basePath}`);
    const path = url.pathname.slice(basePath.length);
    const found = candidates.find(({method, pattern}) => method === call.method && pattern.test(path));
    if (!found) return refuse(`There is no ${call.method} ${path}`);
    const values = (found.pattern.exec(path) ?? []).slice(1).map(decodeURIComponent);
    const problem = await check(document, found, call, url);
    if (problem) return refuse(`${found.name}: ${problem}`);
    calls.push({
      operation: found.name,
      path: Object.fromEntries(found.parameters.map((name, index) => [name, values[index] as string])),
      query: url.searchParams,
      contentType: call.headers.get('content-type'),
      text: await call.text(),
    });
    return respond(document, found.operation);
  }
  return {calls, handle};
}

function candidatesOf(document: LoadedDocument): Candidate[] {
  const candidates = Object.entries(document.root.paths ?? {}).flatMap(([path, given]) => {
    const item = resolve<PathItem>(document, given as never);
    const parameters = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name as string);
    const literal = path.replaceAll(/\{[^{}]+\}/g, '\0');
    const source = literal.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\0', '([^/]+)');
    return ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'].flatMap((method) => {
      const operation = item[method] as Operation | undefined;
      if (!operation) return [];
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        pattern: new RegExp(`^${source}$`),
        parameters,
        literals: literal.replaceAll('\0', '').length,
        item,
        operation,
      };
    });
  });
  // The most concrete path goes first (OpenAPI, "Path Templating Matching").
  return candidates.sort((a, b) => b.literals - a.literals);
}

async function check(
  document: LoadedDocument,
  {item, operation}: Candidate,
  call: MockCall,
  url: URL,
): Promise<string | undefined> {
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) =>
    resolve<Parameter>(document, one),
  );
  const queries = parameters.filter((one) => one.in === 'query');
  for (const {name, required, style} of queries) {
    const isThere = [...url.searchParams.keys()].some(
      (key) => key === name || (style === 'deepObject' && key.startsWith(`${name}[`)),
    );
    if (required && !isThere) return `the query has no "${name}"`;
  }
  for (const {name} of parameters.filter((one) => one.in === 'header' && one.required)) {
    if (!call.headers.has(name) && !/^(?:accept|content-type|authorization)$/i.test(name))
      return `there is no header "${name}"`;
  }
  if (!operation.requestBody || call.method === 'GET') return undefined;
  const {content = {}, required} = resolve<RequestBody>(document, operation.requestBody);
  const text = await call.text();
  if (text === '') return required && Object.keys(content).length > 0 ? 'there is no body' : undefined;
  const given = call.headers.get('content-type')?.split(';')[0] ?? '';
  const isDeclared = Object.keys(content).some((type) => type.split(';')[0] === given || /\*/.test(type));
  if (!isDeclared) return `the body is ${given}`;
  if (/json$/.test(given)) JSON.parse(text);
  return undefined;
}

/** The first declared success, with an example of its preferred content. */
function respond(document: LoadedDocument, operation: Operation): Response {
  const responses = Object.entries(operation.responses ?? {});
  const [status = '200', response] =
    responses.find(([code]) => code.startsWith('2')) ?? responses.find(([code]) => code === 'default') ?? [];
  const code = /^\d+$/.test(status) ? Number(status) : 200;
  const content: Content = response ? (resolve<ResponseObject>(document, response).content ?? {}) : {};
  const type =
    'application/json' in content
      ? 'application/json'
      : (Object.keys(content).find((one) => /json/.test(one)) ?? Object.keys(content)[0]);
  if (type === undefined || code === 204 || code === 205) return new Response(null, {status: code});
  const headers = {'content-type': type.includes('*') ? 'application/octet-stream' : type};
  const value = exampleOf(document, content[type]?.schema, 'out');
  return new Response(/json/.test(type) ? JSON.stringify(value) : 'some text', {status: code, headers});
}

function refuse(reason: string): Response {
  return new Response(reason, {status: 599});
}
