import type {HeaderList} from '../core/header-list.ts';

/** What a session's `fetch` adds to a call, for typed clients and readers that are given the session. */
export interface FetchMetadata {
  readonly baseUrl: URL | undefined;
  readonly headers: HeaderList;
  /** Names of the options of calls that the session's policies take. */
  readonly callOptions: readonly string[];
}

const metadataOf = new WeakMap<object, FetchMetadata>();

export function setFetchMetadata(fetch: object, metadata: FetchMetadata): void {
  metadataOf.set(fetch, metadata);
}

/** `undefined` for a fetch that is not a session's. */
export function fetchMetadataOf(fetch: object): FetchMetadata | undefined {
  return metadataOf.get(fetch);
}

const attemptCounts = new WeakMap<Response, number>();

/** Records how many attempts a session made until it had this response. Responses of a first attempt aren't recorded. */
export function setAttempts(response: Response, attempts: number): void {
  attemptCounts.set(response, attempts);
}

/** How many attempts a session made until it had this response. */
export function attemptsOf(response: Response): number {
  return attemptCounts.get(response) ?? 1;
}
