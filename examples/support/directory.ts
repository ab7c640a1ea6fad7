import type {SessionOptions} from 'aiofetch';
import {createSession, HTTPError} from 'aiofetch';

interface Person {
  readonly name: string;
}

/** The code under test of the testing examples: an application's client, written without regard to its tests. */
export function createDirectory(options: SessionOptions = {}) {
  const session = createSession({baseUrl: 'https://directory.example.com/', ...options});
  return {
    /** The name of a person, `undefined` if there is no such person. */
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
