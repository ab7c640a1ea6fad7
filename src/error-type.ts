/** Its code; `undefined` for none, and for a number, as a DOMException's is, which tells nothing. */
export function codeOf(error: unknown): string | undefined {
  return textOf((error as {readonly code?: unknown} | null | undefined)?.code);
}

/**
 * The class of an error (`error.type` of OpenTelemetry): its code, or else its name. What a foreign error says besides may
 * be anything. `undefined` when it has neither.
 */
export function errorType(error: unknown): string | undefined {
  return codeOf(error) ?? textOf((error as {readonly name?: unknown} | null | undefined)?.name);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
