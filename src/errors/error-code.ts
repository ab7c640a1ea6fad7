/** Returns the error's `code` if it is a string. A `DOMException` has a number, which says nothing that its name doesn't. */
export function codeOf(error: unknown): string | undefined {
  const {code} = Object(error);
  return typeof code === 'string' ? code : undefined;
}

/**
 * Returns the class of an error as OpenTelemetry's `error.type` has it: the error's code, else its name, else `undefined`.
 * The message is not used, because the message of a foreign error may contain secrets.
 */
export function errorType(error: unknown): string | undefined {
  const {name} = Object(error);
  return codeOf(error) || (typeof name === 'string' && name) || undefined;
}
