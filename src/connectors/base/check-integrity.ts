import type {ConnectorCapabilities} from '../../core/connector.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';

/** The error for a request with `integrity` over a connector that doesn't check bodies. Ignoring the option would be unsafe. */
export function integrityRefusal(
  request: ConnectorRequest,
  {name, capabilities}: {readonly name: string; readonly capabilities: ConnectorCapabilities},
): UnsupportedOptionError | undefined {
  if (!request.native?.integrity || capabilities.integrity) return undefined;
  return new UnsupportedOptionError('integrity', `the ${name} connector`, 'it does not check bodies');
}
