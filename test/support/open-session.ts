import {expect, onTestFinished} from 'vitest';
import type {UndiciConnector, UndiciConnectorOptions} from '../../src/connectors/undici/index.ts';
import {undiciConnector} from '../../src/connectors/undici/index.ts';
import type {Session, SessionOptions} from '../../src/index.ts';
import {createSession} from '../../src/index.ts';
import {noHosts} from './no-hosts.ts';

export interface PooledSession {
  readonly session: Session;
  readonly connector: UndiciConnector;
  readonly fetch: Session['fetch'];
  readonly stats: Session['stats'];
}

/**
 * Opens a session on its own connector, without policies that would hide what the connector does. The session ends with the
 * test, and fails it if anything is left.
 */
export function openSession(
  options: UndiciConnectorOptions = {},
  sessionOptions: SessionOptions = {},
): PooledSession {
  const connector = undiciConnector(options);
  const session = createSession({retry: false, ...sessionOptions, connector});
  onTestFinished(async () => {
    await session.destroy();
    await connector.destroy();
    expect(session.stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
  });
  return {session, connector, fetch: session.fetch, stats: session.stats};
}
