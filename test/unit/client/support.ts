import type {MockHandler} from '../../../src/connectors/mock.ts';
import type {AnyEndpoint, Client, SessionOptions} from '../../../src/index.ts';
import {defineClient} from '../../../src/index.ts';
import type {MockSession} from '../../support/mock-session.ts';
import {mockSession} from '../../support/mock-session.ts';

export const origin = 'https://api.example.com';

/** The method of one endpoint, on a session with a mock connector. */
export function mockMethod<Of extends AnyEndpoint>(
  of: Of,
  handler?: MockHandler,
  options: SessionOptions = {},
): MockSession & {readonly call: Client<{call: Of}>['call']} {
  const mock = mockSession(handler, {baseUrl: `${origin}/v1/`, ...options});
  return {...mock, call: defineClient({call: of})(mock.session).call};
}

/** The requested path and query, without the base URL. */
export function pathOf(url: string | undefined): string {
  return url?.replace(`${origin}/v1`, '') ?? '';
}

/** All items of an iterable. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
