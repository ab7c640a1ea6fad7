import type {ConnectorCapabilities} from '../../core/connector.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';

/** Why a request can't be sent that asks for its body to be checked, over a connector that doesn't: it's not to be ignored. */
export function integrityRefusal(
  request: ConnectorRequest,
  {name, capabilities}: {readonly name: string; readonly capabilities: ConnectorCapabilities},
): UnsupportedOptionError | undefined {
  if (!request.native?.integrity || capabilities.integrity) return undefined;
  return new UnsupportedOptionError('integrity', `the ${name} connector`, 'it does not check bodies');
}
