import {InvalidOptionError} from '../../errors/index.ts';

/**
 * @throws InvalidOptionError when there is a proxy, and a socket that all requests go to
 */
export function checkOneWay(proxy: string | URL | undefined, socketPath: string | undefined): void {
  if (proxy === undefined || socketPath === undefined) return;
  throw new InvalidOptionError('connector.socketPath', 'set with proxy', 'one of the two');
}

/**
 * A proxy as options have it, as a URL.
 *
 * @throws InvalidOptionError when it isn't one, of one of these protocols; what that says shows no password
 */
export function toProxyUrl(proxy: string | URL, protocols: readonly string[]): URL {
  const url = URL.parse(proxy);
  if (url === null || !protocols.includes(url.protocol)) {
    const what = url === null ? 'no URL' : `a URL of ${url.protocol}`;
    throw new InvalidOptionError('connector.proxy', what, `a URL of ${protocols.join(' ')}`);
  }
  return url;
}
