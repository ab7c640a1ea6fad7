import type {HeaderList} from '../core/header-list.ts';

/** What of a session goes to wherever its `fetch` is sent. */
export interface SessionMemory {
  readonly baseUrl: URL | undefined;
  readonly headers: HeaderList;
}

const memories = new WeakMap<object, SessionMemory>();

/** Has it known what a session's `fetch` sends of its own. */
export function rememberSession(fetch: object, memory: SessionMemory): void {
  memories.set(fetch, memory);
}

export function memoryOf(fetch: object): SessionMemory | undefined {
  return memories.get(fetch);
}

const attemptsOf = new WeakMap<Response, number>();

/** Has it known that a response was not that of a first attempt. */
export function rememberAttempts(response: Response, attempts: number): void {
  attemptsOf.set(response, attempts);
}

/** How many attempts a session made until it had this response. */
export function attemptsFor(response: Response): number {
  return attemptsOf.get(response) ?? 1;
}
