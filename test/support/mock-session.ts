import {onTestFinished} from 'vitest';
import type {MockConnector, MockHandler} from '../../src/connectors/mock.ts';
import {mockConnector} from '../../src/connectors/mock.ts';
import type {ConnectorOptions, Session, SessionOptions} from '../../src/index.ts';
import {createSession} from '../../src/index.ts';

export interface MockSession {
  readonly session: Session;
  readonly connector: MockConnector;
  readonly calls: MockConnector['calls'];
}

/** A session on a mock connector, without policies that would hide its requests. It ends with the test. */
export function mockSession(
  handler: MockHandler = () => ({}),
  options: SessionOptions = {},
  limits: ConnectorOptions = {},
): MockSession {
  const connector = mockConnector(handler, limits);
  const session = createSession({retry: false, ...options, connector});
  onTestFinished(() => session.destroy());
  return {session, connector, calls: connector.calls};
}

/** Gives the error that a promise rejects with, and fails if it resolves. */
export function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    (value) => {
      throw new Error(`Nothing was thrown; the value is ${value}`);
    },
    (error) => error,
  );
}

/** Gives the error that a function throws, and fails if it returns. */
export function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown');
}
