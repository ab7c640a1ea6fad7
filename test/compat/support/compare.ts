import type {IncomingHttpHeaders} from 'node:http';
import {expect} from 'vitest';
import type {Session} from '../../../src/index.ts';
import {createSession} from '../../../src/index.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {waitFor} from '../../support/wait-for.ts';
import type {Answer} from './answers.ts';
import {plain} from './plain.ts';

/** What a client is given: the `fetch` of a session, or built-in fetch in its place. */
export interface Given {
  readonly session: Pick<Session, 'fetch'>;
  readonly origin: string;
  readonly port: number;
  /** Is aborted when the server has got the first request. */
  readonly signal: AbortSignal;
}

/** A request as the server got it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  /** Without those in which a session differs from built-in fetch by what README says. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** What happened with a client on one `fetch`. */
interface Run {
  readonly requests: readonly Seen[];
  /** What the scenario returned, or the error that it ended with, as plain data. */
  readonly outcome: unknown;
}

/** README's table of differences names these headers. `connection` and `host` belong to the connection. */
const differing = [
  'accept-encoding',
  'accept-language',
  'connection',
  'host',
  'sec-fetch-mode',
  'user-agent',
];

export interface CompareOptions {
  /** Headers whose values are new for each request, such as signatures. Only their presence is compared. */
  readonly volatile?: readonly string[];
  /** The client sends requests at the same time, so that their order is left to chance. */
  readonly unordered?: boolean;
  /** The client gives up by its clock, perhaps before the request has arrived, so that requests are not compared. */
  readonly byClock?: boolean;
}

function comparable(headers: IncomingHttpHeaders, body: Buffer, {volatile = []}: CompareOptions) {
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    if (name === 'user-agent' && !/^(?:node|aiofetch)/.test(`${value}`)) return [[name, value]];
    if (differing.includes(name)) return [];
    // The boundaries of forms differ in length.
    if (name === 'content-length' && value === `${body.length}`) return [[name, 'that of the body']];
    return [[name, volatile.includes(name) ? 'volatile' : value]];
  });
  return Object.fromEntries(kept) as Seen['headers'];
}

/** The body as text, without the boundary of a form, which is new for each request. */
function textOf(body: Buffer, headers: IncomingHttpHeaders): string {
  const [, boundary] = /^multipart\/.*boundary="?([^";]+)/.exec(headers['content-type'] ?? '') ?? [];
  const text = body.toString('latin1');
  return boundary === undefined ? text : text.replaceAll(boundary, 'boundary');
}

/** Runs a scenario against a server of its own, and waits until no request is open any more. */
async function run(
  answer: Answer,
  scenario: Scenario,
  options: CompareOptions,
  isBuiltIn: boolean,
): Promise<Run> {
  const seen: Seen[] = [];
  const controller = new AbortController();
  const server = await startServer(async (request, response) => {
    const {method = '', url: path = '', headers} = request;
    const body = await bodyOf(request);
    const index = seen.length;
    seen.push({method, path, headers: comparable(headers, body, options), body: textOf(body, headers)});
    controller.abort();
    await answer({method, path, headers, body, index}, response);
  });
  await using own = createSession();
  const session = isBuiltIn ? {fetch: globalThis.fetch as typeof own.fetch} : own;
  let outcome: unknown;
  try {
    outcome = await scenario({session, origin: server.origin, port: server.port, signal: controller.signal});
  } catch (error) {
    outcome = {thrown: error};
  }
  // The session is still open: what the client has read, aborted or given up must have freed its slot by now.
  await waitFor(() => server.active === 0);
  await waitFor(() => own.stats().active === 0);
  // More than the server saw: clients ask for `data:` URLs to learn what a `fetch` can do.
  expect(own.stats().totals.requests).toBeGreaterThanOrEqual(isBuiltIn ? 0 : seen.length);
  if (options.byClock) seen.length = 0;
  const {requests, ...rest} = plain({requests: seen, outcome}, server.origin) as unknown as Run;
  const sorted = (requests as Seen[]).map((request) => [JSON.stringify(request), request] as const).sort();
  return {...rest, requests: options.unordered ? sorted.map(([, request]) => request) : requests};
}

type Scenario = (given: Given) => Promise<unknown>;

/** Runs a scenario with a client on built-in fetch and on `session.fetch`, each against a server of its own. */
export async function runOnBoth(answer: Answer, scenario: Scenario, options: CompareOptions = {}) {
  const builtIn = await run(answer, scenario, options, true);
  const session = await run(answer, scenario, options, false);
  return {builtIn, session};
}

/**
 * Does the same, and fails where on `session.fetch` the server saw something else, or the client returned or threw something
 * else, than on built-in fetch.
 */
export async function compare(
  answer: Answer,
  scenario: Scenario,
  options: CompareOptions = {},
): Promise<Run> {
  const {builtIn, session} = await runOnBoth(answer, scenario, options);
  expect(session, 'on session.fetch (received) as on built-in fetch (expected)').toEqual(builtIn);
  return session;
}
