import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {denoConnector} from '../native/deno.ts';

/** The connector a session gets in Deno when it is given none. */
export function defaultConnector(options?: ConnectorOptions): Connector {
  return denoConnector(options);
}
