import type {HeaderList} from '../core/header-list.ts';

/** What of a session goes to wherever its `fetch` is sent. */
export interface FetchMetadata {
  readonly baseUrl: URL | undefined;
  readonly headers: HeaderList;
}

const metadataOf = new WeakMap<object, FetchMetadata>();

/** Has it known what a session's `fetch` sends of its own. */
export function setFetchMetadata(fetch: object, metadata: FetchMetadata): void {
  metadataOf.set(fetch, metadata);
}

export function fetchMetadataOf(fetch: object): FetchMetadata | undefined {
  return metadataOf.get(fetch);
}

const attemptCounts = new WeakMap<Response, number>();

/** Has it known that a response was not that of a first attempt. */
export function setAttempts(response: Response, attempts: number): void {
  attemptCounts.set(response, attempts);
}

/** How many attempts a session made until it had this response. */
export function attemptsOf(response: Response): number {
  return attemptCounts.get(response) ?? 1;
}
