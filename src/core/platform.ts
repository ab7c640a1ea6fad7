import type {RequestBody} from './body.ts';
import type {Lifetime} from './call-lifetime.ts';
import type {Connector, ConnectorOptions} from './connector.ts';
import type {HeaderList, HeadersInput} from './header-list.ts';
import type {NativeInit} from './native-init.ts';
import type {Chunks} from './read-request-body.ts';
import type {ConnectorRequest} from './request.ts';

/** The parts of a session that depend on the runtime. The export conditions of the package choose one. */
export interface Platform {
  /** Makes the connector of a session that is given no connector. */
  readonly defaultConnector: (options?: ConnectorOptions) => Connector;
  /** Turns the body of a `Request` into bytes if possible. */
  readonly openBody: (body: Chunks, lifetime: Lifetime) => Promise<RequestBody>;
  /**
   * Makes a list of headers.
   *
   * @throws TypeError for a name or value that HTTP can't carry
   */
  readonly headersFrom: (input: HeadersInput | undefined) => HeaderList;
  /**
   * Checks the members of an init that are for a native fetch, where no native fetch does it.
   *
   * @throws TypeError
   */
  readonly checkInit?: ((native: NativeInit, method: string) => void) | undefined;
  /** Encodes a form, so that hooks see the bytes that are sent. Without it, the form is read out of the hooks' `Request`. */
  readonly encodeForm?: ((form: FormData) => Blob) | undefined;
  /** Turns the error of a fetch whose network failed into a typed error that names the request. Returns other errors as they are. */
  readonly typedFailure: (error: unknown, request: ConnectorRequest) => unknown;
}
