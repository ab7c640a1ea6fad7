/**
 * Decides by its name whether a header or a query parameter carries a credential. Redirects, HAR files and OpenTelemetry all
 * ask here.
 *
 * @module
 */

/** The names that auth schemes have registered, in lower case. */
export const registeredNames = new Set<string>();

/** Registers headers or query parameters that carry credentials. Upper and lower case are the same. */
export function registerSecretNames(names: Iterable<string>): void {
  for (const name of names) registeredNames.add(name.toLowerCase());
}

// Names that match `secretWords`, though their values are no credentials.
const harmless = /^access-control-|^sec-websocket-|(?:cache|idempotency|surrogate)-key$/;

// A word that other words contain has to stand alone: "x-ratelimit-remaining-tokens" and "x-author" are shown, "token-id" and
// "x-auth" are not. AWS and Google name parameters of signed URLs, the others are common in APIs.
const secretWords =
  /auth(?!or(?!i[sz]))|bearer|cookie|credential|csrf|xsrf|dpop|jwt|passw|secret|session|signature|access_?key|api_?key|(?:key|token)(?![a-z])|^code$|(?<![a-z])(?:otp|pass|pin|pwd|sid|sig|sign|ticket)(?![a-z])/;

/**
 * Whether a header or a query parameter of this name carries a credential: an auth scheme registered the name, or the name
 * says so, as `x-api-key` and `access_token` do.
 */
export function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  return registeredNames.has(lower) || (secretWords.test(lower) && !harmless.test(lower));
}
