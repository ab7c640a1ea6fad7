import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {fetchConnector} from '../native/fetch.ts';

/** The connector a session gets in browsers and workers when it is given none. */
export function defaultConnector(options?: ConnectorOptions): Connector {
  return fetchConnector(options);
}
