import type {Phase} from '../../errors/index.ts';

const describePhase: Record<Phase, string> = {
  dns: 'Name could not be resolved',
  connect: 'Connection could not be opened',
  tls: 'TLS could not be agreed',
  send: 'Connection failed while sending',
  receive: 'Connection failed while receiving',
  pool: 'No slot',
  read: 'Nothing to read',
  unread: 'Body not read',
  attempt: 'Attempt failed',
  total: 'Call failed',
  redirect: 'Redirect failed',
};

/** Describes what failed and why, in one line. */
export function describeFailure(error: Error, phase: Phase, what = describePhase[phase]): string {
  const {code, library, reason} = error as {code?: string; library?: string; reason?: string};
  // OpenSSL's messages consist of addresses and source lines, with the reason somewhere between them.
  const why = library !== undefined && reason !== undefined ? reason : error.message || code;
  return `${what}: ${why}`;
}

/** Whether undici refused the request itself: for a header or method that can't be sent, or a wrong Content-Length. */
export function isUndiciRefusal(error: Error): boolean {
  const {code} = error as {code?: string};
  return (
    code === 'UND_ERR_INVALID_ARG' ||
    code === 'UND_ERR_NOT_SUPPORTED' ||
    code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'
  );
}
