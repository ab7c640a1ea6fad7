import type {Phase} from '../../errors.ts';

const describePhase: Record<Phase, string> = {
  dns: 'Name could not be resolved',
  connect: 'Connection could not be opened',
  tls: 'TLS could not be agreed',
  send: 'Connection failed while sending',
  receive: 'Connection failed while receiving',
  pool: 'No slot',
  read: 'Nothing to read',
  attempt: 'Attempt failed',
  total: 'Call failed',
  redirect: 'Redirect failed',
};

/** What failed and why, in one line. */
export function describeFailure(error: Error, phase: Phase, what = describePhase[phase]): string {
  const {code, library, reason} = error as {code?: string; library?: string; reason?: string};
  // OpenSSL's messages are addresses and lines of its source, with the reason somewhere in them.
  const why = library !== undefined && reason !== undefined ? reason : error.message || code;
  return `${what}: ${why}`;
}
