import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {denoConnector} from '../deno.ts';

/** The connector a session gets in Deno when it is given none. */
export function defaultConnector(options?: ConnectorOptions): Connector {
  return denoConnector(options);
}
