import {RedirectError} from '../errors/index.ts';
import {printable} from '../errors/printable.ts';
import {redactUrl} from '../errors/redact-url.ts';
import {registeredNames} from '../utils/secret-names.ts';
import {isReplayable} from './body.ts';
import {discard} from './discard-response.ts';
import type {ConnectorRequest} from './request.ts';

/** Fetch, "HTTP-redirect fetch": how many redirects are followed. */
const redirectLimit = 20;

/** Fetch, "redirect status". */
export function isRedirectStatus(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

// Headers that are removed when the origin changes: Fetch, "HTTP-redirect fetch", step 13, and the headers that browsers and
// curl add to it. Credentials must stay with the origin that they were meant for. So headers are removed, too, whose names
// an auth scheme has registered: a call may have set such a header itself.
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
 * Makes the next request of a redirect (Fetch, "HTTP-redirect fetch").
 *
 * @param location - the value of Location, as `Headers` gives it: each byte is one character
 * @param followed - the number of redirects that were followed before
 * @throws RedirectError for a redirect that can't be followed
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
    // Bytes that aren't ASCII are kept, as browsers do, whatever charset the server meant. `escape` encodes bytes, not UTF-8.
    to = new URL(location.replace(/[\x80-\xff]/g, escape), from);
  } catch {
    // The error of the URL parser would show both URLs with their queries.
    throw new RedirectError(`Status ${status} has a Location that is not a URL`, details);
  }
  if (to.protocol !== 'http:' && to.protocol !== 'https:') {
    throw new RedirectError(
      `Status ${status} leads to ${printable(to.protocol, 100)}, which is not HTTP`,
      details,
    );
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
  // As in the standard, this also applies if the next request is a GET without a body. So callers notice the problem before a
  // server changes its 302 into a 307.
  if (status !== 303 && !isReplayable(request.body)) {
    throw new RedirectError(
      `Status ${status} asks for the body again, and a stream can't be sent twice; send bytes or a function`,
      details,
    );
  }

  const headers = request.headers.copy();
  if (becomesGet) for (const name of bodyHeaders) headers.delete(name);
  if (!sameOrigin) for (const name of [...credentialHeaders, ...registeredNames]) headers.delete(name);
  return request.with({
    url: to.href,
    headers,
    ...(becomesGet && {method: 'GET', body: null}),
  });
}

/** Sends a request with `send`, which follows no redirects, and follows the redirects itself. */
export async function followRedirects(
  request: ConnectorRequest,
  send: (request: ConnectorRequest) => Promise<Response>,
): Promise<Response> {
  const {lifetime} = request;
  for (let current = request, followed = 0; ; followed++) {
    const response = await send(current);
    const location = response.headers.get('location');
    if (request.redirect === 'manual' || !isRedirectStatus(response.status) || location === null) {
      if (followed > 0) {
        Object.defineProperty(response, 'redirected', {value: true, configurable: true});
        // A response that a program made with `new Response` has no URL.
        if (!response.url) Object.defineProperty(response, 'url', {value: current.url, configurable: true});
      }
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
