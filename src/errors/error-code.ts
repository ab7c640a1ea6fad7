/** Its code; `undefined` for none, and for a number, as a DOMException's is, which tells nothing. */
export function codeOf(error: unknown): string | undefined {
  const {code} = Object(error);
  return typeof code === 'string' ? code : undefined;
}

/**
 * The class of an error (`error.type` of OpenTelemetry): its code, or else its name. What a foreign error says besides may
 * be anything. `undefined` when it has neither.
 */
export function errorType(error: unknown): string | undefined {
  const {name} = Object(error);
  return codeOf(error) || (typeof name === 'string' && name) || undefined;
}
