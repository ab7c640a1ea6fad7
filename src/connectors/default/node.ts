import type {Connector, ConnectorOptions} from '../../connector.ts';
import {undiciConnector} from '../undici/index.ts';

/** The connector a session gets on Node when it is given none. */
export function defaultConnector(options?: ConnectorOptions): Connector {
  return undiciConnector(options);
}
