import type {Connector} from '../../core/connector.ts';
import {followRedirects} from '../../core/redirect.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {relabel} from '../auth/sign-each-hop.ts';

/** What sending needs of a jar. Both methods return a promise only if the jar has a store. */
export interface HopCookies {
  /** The cookies for the URL. */
  cookiesFor(
    url: URL,
  ):
    | ReadonlyArray<{readonly name: string; readonly value: string}>
    | Promise<ReadonlyArray<{readonly name: string; readonly value: string}>>;
  /** Stores the cookies of a response. */
  take(lines: readonly string[], url: URL): void | Promise<void>;
}

/**
 * Makes a sender in place of a connector's `fetch`. It adds the cookies to each request and stores those of each response. It
 * follows redirects itself, because a redirect may set cookies for the request that comes next.
 */
export function sendWithCookies(jar: HopCookies, connector: Connector): Pick<Connector, 'fetch'> {
  async function hop(request: ConnectorRequest): Promise<Response> {
    const url = new URL(request.url);
    const found = jar.cookiesFor(url);
    const cookies = found instanceof Promise ? await found : found;
    const {lifetime} = request;
    if (lifetime.isAborted) throw lifetime.reason;
    const response = await connector.fetch(withCookies(request, cookies));
    const lines = response.headers.getSetCookie();
    if (lines.length === 0) return response;
    const taken = jar.take(lines, url);
    if (!taken) return response;
    const release = lifetime.hold();
    try {
      await taken;
    } catch (error) {
      lifetime.discard(response);
      throw error;
    }
    release();
    return response;
  }

  async function follow(request: ConnectorRequest): Promise<Response> {
    const response = await followRedirects(request, (current) => hop(current.with({redirect: 'manual'})));
    // `followRedirects` sets `redirected` on this object only. Clones need it too.
    return response.redirected ? relabel(response, {url: response.url, redirected: true}) : response;
  }

  return {fetch: (request) => (request.redirect === 'follow' ? follow(request) : hop(request))};
}

/** A copy of the request with one `Cookie` line. A cookie of the caller's own header replaces one of the jar with its name. */
function withCookies(
  request: ConnectorRequest,
  cookies: ReadonlyArray<{readonly name: string; readonly value: string}>,
): ConnectorRequest {
  if (cookies.length === 0) return request;
  const own = request.headers.get('cookie');
  const ownNames = new Set(own?.split(';').map((pair) => pair.split('=', 1)[0]?.trim()));
  const pairs = cookies
    .filter(({name}) => name === '' || !ownNames.has(name))
    .map(({name, value}) => (name === '' ? value : `${name}=${value}`));
  // The headers are a copy, because a redirect may send the caller's to another site.
  const headers = request.headers.copy();
  headers.set('cookie', [...(own ? [own] : []), ...pairs].join('; '));
  return request.with({headers});
}
