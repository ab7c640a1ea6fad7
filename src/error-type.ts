/**
 * The class of an error (`error.type` of OpenTelemetry): its code, or else its name. What a foreign error says besides may
 * be anything. `undefined` when it has neither.
 */
export function errorType(error: unknown): string | undefined {
  const {code, name} = (error ?? {}) as {code?: unknown; name?: unknown};
  for (const value of [code, name]) if (typeof value === 'string' && value !== '') return value;
  return undefined;
}
