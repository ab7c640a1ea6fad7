import {shareRequests} from '#share-requests';
import {foreignMembers, nativeMembers} from '../../core/native-init.ts';
import type {PolicyDefinition} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {checkFunction, checkKnown} from '../../utils/check-options.ts';

/** Options of {@link singleFlightPolicy}: which requests are the same. */
export interface SingleFlightOptions {
  /**
   * Requests with the same key share one response, made with the credentials of the first caller. A request for which the
   * function returns `undefined` isn't shared.
   *
   * @default for GETs without a body and without `onDownloadProgress`: the URL, all headers, `redirect`,
   * `maxResponseSize` and options such as `cache` and `credentials` that a runtime's own `fetch` honours; other requests
   * aren't shared
   */
  readonly key?: ((request: ConnectorRequest) => string | undefined) | undefined;
}

/**
 * When several callers of a session make the same request at the same time, sends it once and gives each caller a
 * `Response` of its own. Aborting one caller doesn't affect the others; when all callers are aborted, so is the request.
 * A call that begins after the head of the response has arrived sends a new request. The body is buffered until the
 * slowest reader has read it. `timeout.total` is each caller's own; the other timeouts are those of the first caller. In
 * Cloudflare's workers, where the callers may belong to different requests, each caller gets a copy of the whole body, and
 * another caller sends the request anew if the first is aborted.
 *
 * Without a `key`, nothing is shared where credentials are made for each call: with `auth` or an API key by a function,
 * with an auth scheme of one's own, and with a policy of one's own further in. Such a policy says `isShareable: true`, or
 * comes before this one, so that its headers are compared too.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, singleFlightPolicy} from 'aiofetch';
 *
 * await using session = createSession({policies: [singleFlightPolicy()]});
 * const url = 'https://api.example.com/rates';
 * const [first, second] = await Promise.all([session.get(url).json(), session.get(url).json()]);
 * ```
 */
export function singleFlightPolicy(options: SingleFlightOptions = {}): PolicyDefinition {
  checkKnown('singleFlight', options, ['key']);
  const keyOf = checkFunction('singleFlight.key', options.key) ?? defaultKey;
  // Each session shares requests among its own calls only: other sessions have other policies and other credentials.
  return {
    name: 'singleFlight',
    rejectsOnAbort: true,
    isShareable: true,
    // A key of the caller's own says itself which requests are the same.
    wrap: (next, _context, inner = []) =>
      options.key || inner.every(({isShareable}) => isShareable) ? shareRequests(next, keyOf) : next,
  };
}

function isCompared(name: string): boolean {
  return [nativeMembers, foreignMembers].some((names: readonly string[]) => names.includes(name));
}

function defaultKey(request: ConnectorRequest): string | undefined {
  const {method, url, redirect, headers, native, body, transfer, options} = request;
  if (method !== 'GET' || body !== null || transfer?.onDownloadProgress) return undefined;
  // Other members, such as undici's `dispatcher`, can't be compared.
  if (native && Object.keys(native).some((name) => !isCompared(name))) return undefined;
  // One line for each part, because no part can contain a line break.
  return [
    url,
    redirect,
    native ? JSON.stringify(native) : '',
    transfer?.maxResponseSize,
    options['auth'],
    options['cookies'],
    ...headers.flat,
  ].join('\n');
}
