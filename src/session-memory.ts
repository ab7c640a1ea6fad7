import type {HeaderList} from './headers.ts';

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
