import type {HeaderList} from '../core/header-list.ts';

/** The settings of a session that its `fetch` adds to a call. Typed clients and readers of the session use them. */
export interface FetchMetadata {
  readonly baseUrl: URL | undefined;
  readonly headers: HeaderList;
  /** Names of the options of calls that the session's policies take. */
  readonly callOptions: readonly string[];
  /** Whether `fetch` uses the session's retries only for calls that ask for them, by `retry: true` or their own settings. */
  readonly retriesWhenAsked?: boolean | undefined;
}

const metadataOf = new WeakMap<object, FetchMetadata>();

/** Records the metadata of a session's `fetch`. */
export function setFetchMetadata(fetch: object, metadata: FetchMetadata): void {
  metadataOf.set(fetch, metadata);
}

/** The metadata of a session's `fetch`; `undefined` for any other function. */
export function fetchMetadataOf(fetch: object): FetchMetadata | undefined {
  return metadataOf.get(fetch);
}

const attemptCounts = new WeakMap<Response, number>();

/** Records the number of attempts that led to this response. The response of a first attempt isn't recorded. */
export function setAttempts(response: Response, attempts: number): void {
  attemptCounts.set(response, attempts);
}

/** The number of attempts that led to this response. */
export function attemptsOf(response: Response): number {
  return attemptCounts.get(response) ?? 1;
}
