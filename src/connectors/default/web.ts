import type {Connector, ConnectorOptions} from '../../connector.ts';
import {fetchConnector} from '../fetch.ts';

/** The connector a session gets in browsers, workers, Deno and Bun when it is given none. */
export function defaultConnector(options?: ConnectorOptions): Connector {
  return fetchConnector(options);
}
