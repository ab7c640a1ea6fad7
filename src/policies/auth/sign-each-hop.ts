import type {Connector} from '../../core/connector.ts';
import {discard} from '../../core/discard-response.ts';
import type {Handler} from '../../core/policy.ts';
import {followRedirects} from '../../core/redirect.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {RedirectError} from '../../errors/index.ts';
import {urlParts} from '../../utils/url-parts.ts';

/** Where requests are signed, and what sends those that a redirect asks for. */
interface HopContext {
  readonly origin: string;
  readonly connector: Connector;
}

/**
 * Follows redirects one by one, so that each request is signed for itself, and those to another origin are not signed
 * at all: a connector that follows them takes `Authorization` away there, and knows of no other secret.
 *
 * @param sign - sends a request to the own origin, signed
 * @param bare - what becomes of one to another origin
 * @throws RedirectError where the runtime hides redirects, as browsers do
 */
export function signEachHop(
  request: ConnectorRequest,
  {origin, connector}: HopContext,
  next: Handler,
  sign: (hop: ConnectorRequest, send: Handler) => Promise<Response>,
  bare: (hop: ConnectorRequest) => ConnectorRequest = (hop) => hop,
): Promise<Response> {
  if (request.redirect !== 'follow') return sign(request, next);
  // It is one attempt, however many hops it has.
  let send = next;
  const followed = followRedirects(request, async (hop) => {
    const single = hop.with({redirect: 'manual'});
    const response = await (urlParts(hop.url).origin === origin ? sign(single, send) : send(bare(single)));
    send = connector.fetch;
    if (response.type !== 'opaqueredirect') return response;
    discard(response);
    throw new RedirectError(
      'A redirect is not followed where its target is hidden: it may not get the credentials',
      {request, attempts: request.attempt},
    );
  });
  // What says so is a property of that object alone.
  return followed.then((response) =>
    response.redirected ? relabel(response, {url: response.url, redirected: true}) : response,
  );
}

/** Says other things of a response, and of its clones. */
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
