import type {Session} from 'aiofetch';
import {circuitBreakerPolicy, createSession, singleFlightPolicy, tokenSource} from 'aiofetch';

/** The sessions at module scope, which all requests share, by the names that the tests give them. */
const sessions = new Map<string, Session>();

const kinds = {
  defaults: () => createSession(),
  two: () => createSession({connector: {limit: 2}}),
  rate: () => createSession({rateLimit: {requests: 2, per: 100}}),
  stored: (site) => {
    const take = async () => Number(await (await fetch(`${site}store`)).text());
    return createSession({rateLimit: {requests: 2, per: 100, store: {take}}});
  },
  flight: () => createSession({policies: [singleFlightPolicy()]}),
  token: (site) => {
    const source = tokenSource(async ({signal}) => await (await fetch(`${site}token`, {signal})).text());
    return createSession({baseUrl: site, auth: source});
  },
  breaker: () => createSession({retry: false, policies: [circuitBreakerPolicy({minimum: 1, openFor: 1})]}),
} satisfies Record<string, (site: string) => Session>;

/** What a request of the worker asks for, in its query. */
export interface Task {
  /** The name of the session. */
  readonly name: string;
  readonly kind: keyof typeof kinds;
  /** The address that the session fetches. */
  readonly url: string;
  /** For `forget`: the path that the session must have fetched before the worker answers. */
  readonly seen?: string;
  readonly how: 'read' | 'pass' | 'unread' | 'forget' | 'waitUntil' | 'stats' | 'close' | 'destroy';
}

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

export default {
  async fetch(request: Request, _env: unknown, context: Context): Promise<Response> {
    const {name, kind, url, how, seen} = Object.fromEntries(
      new URL(request.url).searchParams,
    ) as unknown as Task;
    const session = sessions.get(name) ?? kinds[kind](new URL('.', url).href);
    sessions.set(name, session);
    try {
      return await perform(session, url, how, context, seen);
    } catch (error) {
      return new Response(String(error), {status: 500});
    }
  },
};

async function perform(
  session: Session,
  url: string,
  how: Task['how'],
  context: Context,
  seen: string | undefined,
): Promise<Response> {
  switch (how) {
    case 'read':
      return new Response(await session.get(url).text());
    case 'pass':
      return session.fetch(url);
    case 'unread':
      return new Response(`unread ${(await session.fetch(url)).status}`);
    case 'forget':
      session
        .get(url)
        .text()
        .catch(() => undefined);
      if (seen) await (await fetch(new URL(`seen/${seen}`, url))).text();
      return new Response('forgotten');
    case 'waitUntil':
      context.waitUntil(session.get(url).text());
      return new Response('going on');
    case 'stats':
      return Response.json(session.stats());
    case 'close':
      await session.close();
      return new Response('closed');
    case 'destroy':
      await session.destroy();
      return new Response('destroyed');
  }
}
