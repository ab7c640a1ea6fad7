import type {ConnectorCapabilities} from '../../core/connector.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';

/**
 * Refuses a request with `integrity` over a connector that doesn't check bodies. Ignoring the option would be unsafe.
 *
 * @throws UnsupportedOptionError
 */
export function checkIntegrity(
  request: ConnectorRequest,
  {name, capabilities}: {readonly name: string; readonly capabilities: ConnectorCapabilities},
): void {
  if (!request.native?.integrity || capabilities.integrity) return;
  throw new UnsupportedOptionError('integrity', `the ${name} connector`, 'it does not check bodies');
}
