import type {ConnectorCapabilities} from '../../core/connector.ts';
import type {ConnectorRequest, TransferMonitor} from '../../core/request.ts';

/** Told how the sending of a body goes, by a connector that can see it. */
export interface UploadProgress {
  /** So many more bytes of the body are sent. */
  sent(bytes: number): void;
  /** All of it is: from now on silence is the server's. */
  done(): void;
  /** Watches the body on its way, where the call asks for it. */
  readonly monitor?: TransferMonitor | undefined;
}

/** What {@link createConnector} makes a connector of. */
export interface ConnectorDefinition {
  readonly name: string;
  readonly capabilities: ConnectorCapabilities;
  /**
   * Sends one request, as a `fetch` would. `signal` is aborted with the call, a timeout, or the connector.
   */
  send(request: ConnectorRequest, signal: AbortSignal, progress: UploadProgress): Promise<Response>;
  /**
   * Whether what `send` rejects with, or a body breaks off with, is a failure of the network, and becomes a
   * `ConnectionError`.
   *
   * @default for a TypeError, as the Fetch standard has it
   */
  isNetworkError?(error: unknown): boolean;
  /** Called once, when the connector is closed or destroyed. */
  dispose?(): void;
}
