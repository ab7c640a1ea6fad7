import {RedirectError} from '../errors/index.ts';
import {redactUrl} from '../errors/redact-url.ts';
import {isReplayable} from './body.ts';
import {discard} from './discard-response.ts';
import type {ConnectorRequest} from './request.ts';

/** Fetch, "HTTP-redirect fetch": how many redirects are followed. */
const redirectLimit = 20;

/** Fetch, "redirect status". */
export function isRedirectStatus(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

// Fetch, "HTTP-redirect fetch", step 13, and what browsers and curl add to it: credentials stay with the origin they were meant for.
const credentialHeaders = ['authorization', 'cookie', 'proxy-authorization', 'host'];
// Fetch, "request-body-header name".
const bodyHeaders = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
];

/**
 * The request that a redirect asks for (Fetch, "HTTP-redirect fetch").
 *
 * @param followed - how many redirects came before this one
 * @throws RedirectError when it can't be followed
 */
export function redirectedRequest(
  request: ConnectorRequest,
  status: number,
  location: string,
  followed: number,
): ConnectorRequest {
  const details = {request, attempts: request.attempt};
  if (request.redirect === 'error') {
    throw new RedirectError(`Status ${status} is a redirect, and redirect is "error"`, details);
  }
  if (followed >= redirectLimit) {
    throw new RedirectError(`More than ${redirectLimit} redirects`, details);
  }
  const from = new URL(request.url);
  let to: URL;
  try {
    to = new URL(location, from);
  } catch {
    // What the URL parser throws shows both URLs, queries and all.
    throw new RedirectError(`Status ${status} has a Location that is no URL`, details);
  }
  if (to.protocol !== 'http:' && to.protocol !== 'https:') {
    throw new RedirectError(`Status ${status} leads to ${to.protocol}, which is not HTTP`, details);
  }
  const sameOrigin = to.origin === from.origin;
  if ((to.username || to.password) && !sameOrigin) {
    throw new RedirectError(`Status ${status} leads to another origin with credentials in its URL`, details);
  }
  to.username = '';
  to.password = '';
  to.hash = '';

  const becomesGet =
    (status === 303 && request.method !== 'GET' && request.method !== 'HEAD') ||
    ((status === 301 || status === 302) && request.method === 'POST');
  // Also where the body would be left out, as in the standard: so a caller finds out before a server's 302 becomes a 307.
  if (status !== 303 && !isReplayable(request.body)) {
    throw new RedirectError(
      `Status ${status} asks for the body again, and a stream can't be sent twice`,
      details,
    );
  }

  const headers = request.headers.copy();
  if (becomesGet) for (const name of bodyHeaders) headers.delete(name);
  if (!sameOrigin) for (const name of credentialHeaders) headers.delete(name);
  return request.with({
    url: to.href,
    headers,
    ...(becomesGet && {method: 'GET', body: null}),
  });
}

/** Sends a request with `send`, which follows no redirects, and follows them. */
export async function followRedirects(
  request: ConnectorRequest,
  send: (request: ConnectorRequest) => Promise<Response>,
): Promise<Response> {
  const {lifetime} = request;
  for (let current = request, followed = 0; ; followed++) {
    const response = await send(current);
    const location = response.headers.get('location');
    if (request.redirect === 'manual' || !isRedirectStatus(response.status) || location === null) {
      if (followed > 0) Object.defineProperty(response, 'redirected', {value: true, configurable: true});
      return response;
    }
    const {status} = response;
    const {trace} = lifetime;
    trace?.emit('responseHeadersReceived', current, {status}, response);
    discard(response);
    current = redirectedRequest(current, status, location, followed);
    trace?.emit('requestRedirect', current, {status, url: redactUrl(current.url)}, response);
    if (lifetime.isAborted) throw lifetime.reason;
  }
}
