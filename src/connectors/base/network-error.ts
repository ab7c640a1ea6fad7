import {tagOf} from '../../core/body.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {codeOf} from '../../errors/error-code.ts';
import type {Phase} from '../../errors/index.ts';
import {AiofetchError, ConnectionError, RedirectError} from '../../errors/index.ts';
import {redactUrls} from '../../errors/redact-url.ts';

// The error codes of Node's sockets and DNS, and of Bun. Deno has no codes, so its messages are searched.
const phases: ReadonlyArray<readonly [Phase, RegExp]> = [
  ['dns', /^(?:ENOTFOUND|EAI_\w+|DNS\w*)$|dns error/i],
  [
    'tls',
    /^(?:CERT_|ERR_TLS_|ERR_SSL_|EPROTO|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)\w*$|invalid peer certificate/,
  ],
  [
    'connect',
    /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$|tcp connect error/,
  ],
];

/**
 * Turns the error that a `fetch` rejected with into a typed error. In the Fetch standard, every failure of the network is
 * a TypeError that doesn't say what failed, and some runtimes throw errors of their own. If the error has a cause, the
 * code and phase of the cause are kept.
 *
 * @param otherwise - the phase, if the error doesn't show one
 */
export function networkError(
  error: unknown,
  request: ConnectorRequest,
  otherwise: 'send' | 'receive',
): unknown {
  if (!isError(error) || error instanceof AiofetchError) return error;
  const message = describe(error);
  const details = {request, attempts: request.attempt, cause: withoutSecrets(error)};
  if (otherwise === 'send' && request.redirect === 'error' && /redirect/i.test(message)) {
    return new RedirectError('The response is a redirect, and redirect is "error"', details);
  }
  const code = codeOf(error.cause) ?? codeOf(error);
  const phase = phases.find(([, pattern]) => pattern.test(code ?? message))?.[0] ?? otherwise;
  return new ConnectionError(message, phase, {...details, code});
}

/** Whether the value is an error, of any realm: a frame and the `vm` context of a test runner have classes of their own. */
function isError(value: unknown): value is Error {
  return value instanceof Error || tagOf(value) === 'Error';
}

function describe(error: Error): string {
  const cause = isError(error.cause) ? error.cause.message : '';
  return redactUrls(cause ? `${error.message}: ${cause}` : error.message);
}

// Members that describe an address, a host name or a system call. Some runtimes add members with bytes that they received.
const safeMembers = new Set(['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'socket', 'cause']);

/** Returns the error, or a copy without URLs and unknown members if the error or one of its causes has any. */
function withoutSecrets(error: Error): Error {
  const cause = isError(error.cause) ? withoutSecrets(error.cause) : error.cause;
  const message = redactUrls(error.message);
  const isSafe = Object.keys(error).every((name) => safeMembers.has(name));
  if (isSafe && message === error.message && cause === error.cause) return error;
  const options = cause === undefined ? undefined : {cause};
  const copy = error.name === 'TypeError' ? new TypeError(message, options) : new Error(message, options);
  Object.defineProperty(copy, 'name', {value: error.name, configurable: true, writable: true});
  const code = codeOf(error);
  return code === undefined ? copy : Object.assign(copy, {code});
}
