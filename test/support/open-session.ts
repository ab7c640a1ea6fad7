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
 * A session on a connector of its own, without policies that would hide what the connector does. It goes with the
 * test, and must leave nothing behind.
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
