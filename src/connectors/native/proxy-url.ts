import {InvalidOptionError} from '../../errors/index.ts';

/**
 * @throws InvalidOptionError when both a proxy and a socket for all requests are set
 */
export function checkProxyOrSocket(proxy: string | URL | undefined, socketPath: string | undefined): void {
  if (proxy === undefined || socketPath === undefined) return;
  throw new InvalidOptionError(
    'connector.socketPath',
    new Error('connector.proxy is set too'),
    'one of the two',
  );
}

/**
 * Parses the proxy of the options.
 *
 * @throws InvalidOptionError when it is not a URL of one of the protocols. The error doesn't show the password.
 */
export function parseProxyUrl(proxy: string | URL, protocols: readonly string[]): URL {
  const url = URL.parse(proxy);
  if (url === null || !protocols.includes(url.protocol)) {
    const problem = url === null ? 'it is not a URL' : 'its protocol is another';
    throw new InvalidOptionError('connector.proxy', new Error(problem), `a URL of ${protocols.join(' ')}`);
  }
  return url;
}
