import type {RequestBody} from './body.ts';
import type {Lifetime} from './call-lifetime.ts';
import type {Connector, ConnectorOptions} from './connector.ts';
import type {Chunks} from './read-request-body.ts';

/** What a session needs of its runtime. The package's conditions choose one. */
export interface Platform {
  /** Makes the connector of a session that is given none. */
  readonly defaultConnector: (options?: ConnectorOptions) => Connector;
  /** Reads the body of a `Request` back into bytes where that is possible. */
  readonly openBody: (body: Chunks, lifetime: Lifetime) => Promise<RequestBody>;
}
