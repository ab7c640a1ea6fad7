import type {ConnectorCapabilities} from '../../core/connector.ts';
import type {ConnectorRequest, TransferMonitor} from '../../core/request.ts';

/** Notified of the progress of an upload, by a definition that can see it. */
export interface UploadProgress {
  /** This number of further bytes of the body has been sent. */
  sent(bytes: number): void;
  /** The whole body has been sent. From now on `timeout.read` runs, because the server has to answer. */
  done(): void;
  /** Watches the body while it is sent. `undefined` when the call doesn't ask for that. */
  readonly monitor?: TransferMonitor | undefined;
}

/** The part of a connector that its author writes, for {@link createConnector}. */
export interface ConnectorDefinition {
  /** Shown in error messages and in `stats()`. */
  readonly name: string;
  readonly capabilities: ConnectorCapabilities;
  /**
   * Sends one request, as a `fetch` would. `signal` is aborted when the call, a timeout or the connector ends the request. The
   * body is never a function, and is a stream or async iterable only with the capability `requestStreams`.
   */
  send(request: ConnectorRequest, signal: AbortSignal, progress: UploadProgress): Promise<Response>;
  /**
   * Whether an error of `send`, or of a body that breaks off, is a failure of the network. Such an error becomes a
   * `ConnectionError`.
   *
   * @default `true` for a TypeError, as in the Fetch standard
   */
  isNetworkError?(error: unknown): boolean;
  /** Called once, when the connector is closed or destroyed. */
  dispose?(): void;
}
