import type {Connector} from '../../core/connector.ts';
import {discard} from '../../core/discard-response.ts';
import type {Handler} from '../../core/policy.ts';
import {followRedirects} from '../../core/redirect.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {RedirectError} from '../../errors/index.ts';
import {urlOrigin} from '../../utils/url-parts.ts';

/** The origin whose requests are signed, and the connector that sends redirected requests. */
interface HopContext {
  readonly origin: string;
  readonly connector: Connector;
}

/**
 * Follows redirects one by one. Each request to the own origin is signed anew, until one goes to another origin: that
 * request and all after it are not signed, even if they come back. A connector that follows redirects itself would remove `Authorization` at another origin, but no other secret.
 *
 * @param sign - signs and sends a request to the own origin
 * @param bare - removes the secret from a request that is not signed
 * @throws RedirectError when the runtime hides redirects, as browsers do
 */
export function signEachHop(
  request: ConnectorRequest,
  {origin, connector}: HopContext,
  next: Handler,
  sign: (hop: ConnectorRequest, send: Handler) => Promise<Response>,
  bare: (hop: ConnectorRequest) => ConnectorRequest = (hop) => hop,
): Promise<Response> {
  if (request.redirect !== 'follow') return sign(request, next);
  // All hops are one attempt: only the first hop goes through `next`.
  let send = next;
  let hasLeft = false;
  const followed = followRedirects(request, async (hop) => {
    const single = hop.with({redirect: 'manual'});
    // Another origin chooses where the request goes from there, and must not get a signed request of its choice.
    hasLeft ||= urlOrigin(hop.url) !== origin;
    const response = await (hasLeft ? send(bare(single)) : sign(single, send));
    send = (later) => (lifetimeOf(later).sender ?? connector).fetch(later);
    if (response.type !== 'opaqueredirect') return response;
    discard(response);
    throw new RedirectError(
      "The redirect was not followed, because this runtime hides the redirect's target, which might get the credentials",
      {request, attempts: request.attempt},
    );
  });
  // `followRedirects` sets `redirected` on this object only. Clones need it too.
  return followed.then((response) =>
    response.redirected ? relabel(response, {url: response.url, redirected: true}) : response,
  );
}

/** Overrides `url` and `redirected` of a response and of its clones. */
export function relabel(
  response: Response,
  labels: {readonly url: string; readonly redirected: boolean},
): Response {
  const {clone} = response;
  for (const [name, value] of Object.entries({
    ...labels,
    clone: () => relabel(clone.call(response), labels),
  })) {
    Object.defineProperty(response, name, {value, configurable: true});
  }
  return response;
}
