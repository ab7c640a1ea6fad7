import {unusedConnectionMember} from '../../core/native-init.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';

/**
 * Refuses the members of the init of `session.fetch` that would change the connection in another `fetch`.
 *
 * @throws UnsupportedOptionError
 */
export function checkNative({native}: ConnectorRequest, where: string): void {
  const name = unusedConnectionMember(native);
  if (name === undefined) return;
  const hint = 'it opens the connections itself, as the options of the session’s connector say';
  throw new UnsupportedOptionError(name, where, hint);
}
