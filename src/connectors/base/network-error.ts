import type {ConnectorRequest} from '../../core/request.ts';
import {codeOf} from '../../errors/error-code.ts';
import type {Phase} from '../../errors/index.ts';
import {AiofetchError, ConnectionError, RedirectError} from '../../errors/index.ts';
import {redactUrls} from '../../errors/redact-url.ts';

// The codes of Node's sockets and DNS, and Bun's. Deno has none, but says it in the message.
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
 * What a `fetch` rejects with, typed. The Fetch standard has a TypeError for every failure of the network, without a
 * word on what failed, and some runtimes have errors of their own; where one adds a cause, its code and phase are kept.
 *
 * @param otherwise - the phase when the error tells none
 */
export function networkError(
  error: unknown,
  request: ConnectorRequest,
  otherwise: 'send' | 'receive',
): unknown {
  if (!(error instanceof Error) || error instanceof AiofetchError) return error;
  const message = describe(error);
  const details = {request, attempts: request.attempt, cause: withoutSecrets(error)};
  if (otherwise === 'send' && request.redirect === 'error' && /redirect/i.test(message)) {
    return new RedirectError('Response is a redirect, and redirect is "error"', details);
  }
  const code = codeOf(error.cause) ?? codeOf(error);
  const phase = phases.find(([, pattern]) => pattern.test(code ?? message))?.[0] ?? otherwise;
  return new ConnectionError(`Request failed: ${message}`, phase, {...details, code});
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return redactUrls(cause ? `${error.message}: ${cause}` : error.message);
}

// What runtimes tell of an address, a name or a call. Some add what they received.
const safeMembers = new Set(['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'socket', 'cause']);

/** The error, or where it or what caused it shows a URL or carries more, one that says the same without. */
function withoutSecrets(error: Error): Error {
  const cause = error.cause instanceof Error ? withoutSecrets(error.cause) : error.cause;
  const message = redactUrls(error.message);
  const isSafe = Object.keys(error).every((name) => safeMembers.has(name));
  if (isSafe && message === error.message && cause === error.cause) return error;
  const options = cause === undefined ? undefined : {cause};
  const copy = error instanceof TypeError ? new TypeError(message, options) : new Error(message, options);
  Object.defineProperty(copy, 'name', {value: error.name, configurable: true, writable: true});
  const code = codeOf(error);
  return code === undefined ? copy : Object.assign(copy, {code});
}
