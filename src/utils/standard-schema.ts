/** What checks a value, as Zod, Valibot, ArkType and others have it: https://standardschema.dev. */
export interface StandardSchema<Output = unknown, Input = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Types only: what it takes, and what it makes of that. */
    readonly types?: {readonly input: Input; readonly output: Output} | undefined;
  };
}

/** What `validate` gives. */
type SchemaResult<Output> =
  | {readonly value: Output; readonly issues?: undefined}
  | {readonly issues: ReadonlyArray<SchemaIssue>};

/** One thing that doesn't fit. Its message may show the value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: unknown;
}
