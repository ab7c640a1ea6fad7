import type {SessionOptions} from 'aiofetch';
import {createSession, HTTPError} from 'aiofetch';

interface Person {
  readonly name: string;
}

/** What the examples of testing test: a client as an application has one, which knows nothing of its tests. */
export function createDirectory(options: SessionOptions = {}) {
  const session = createSession({baseUrl: 'https://directory.example.com/', ...options});
  return {
    /** Nobody's name is `undefined`. */
    async nameOf(id: number): Promise<string | undefined> {
      try {
        const {name} = await session.get(`people/${id}`).json<Person>();
        return name;
      } catch (error) {
        if (error instanceof HTTPError && error.status === 404) return undefined;
        throw error;
      }
    },
    async rename(id: number, name: string): Promise<void> {
      await session.patch(`people/${id}`, {json: {name}});
    },
    [Symbol.asyncDispose]: () => session.close(),
  };
}
