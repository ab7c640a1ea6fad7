import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {bunConnector} from '../native/bun.ts';

/** The connector a session gets in Bun when it is given none. */
export function defaultConnector(options?: ConnectorOptions): Connector {
  return bunConnector(options);
}
