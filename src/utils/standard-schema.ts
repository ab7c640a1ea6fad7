/** A schema of Zod, Valibot, ArkType and other libraries, by the Standard Schema specification: https://standardschema.dev. */
export interface StandardSchema<Output = unknown, Input = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Types only: what the schema accepts, and what it returns for that. */
    readonly types?: {readonly input: Input; readonly output: Output} | undefined;
  };
}

/** The result of `validate`. */
type SchemaResult<Output> =
  | {readonly value: Output; readonly issues?: undefined}
  | {readonly issues: ReadonlyArray<SchemaIssue>};

/** One reason why a value doesn't fit. The message may show the value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: unknown;
}

/** Whether a value is a Standard Schema. Some libraries' schemas, as ArkType's, are functions. */
export function isSchema(value: unknown): value is StandardSchema {
  return typeof (value as Partial<StandardSchema> | null | undefined)?.['~standard']?.validate === 'function';
}

/**
 * The output of a schema for a value. It is a promise only where the schema returns one, so that most values cost no turn
 * of the event loop.
 *
 * @param toError - Makes the error for a value that doesn't fit.
 * @throws that error; the promise rejects with it
 */
export function validate<Output>(
  schema: StandardSchema<Output>,
  value: unknown,
  toError: (issues: readonly SchemaIssue[]) => Error,
): Output | Promise<Output> {
  const settle = (result: SchemaResult<Output>): Output => {
    if (result.issues) throw toError(result.issues);
    return result.value;
  };
  const result = schema['~standard'].validate(value);
  return 'then' in result ? Promise.resolve(result).then(settle) : settle(result);
}
