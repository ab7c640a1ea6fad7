import {indent} from './comments.ts';
import type {Encoding, LoadedDocument, Parameter, Schema, SchemaOrBoolean} from './document.ts';
import {isSchema, resolve} from './document.ts';
import {booleanLiteral, memberName, stringLiteral} from './literals.ts';
import type {TypeWriter} from './types.ts';

/** The state that the functions which write endpoints share. */
export interface EndpointContext {
  readonly document: LoadedDocument;
  readonly types: TypeWriter;
  /** Records a name that the module has to import from the package, and returns it. */
  readonly use: (name: string) => string;
  readonly warn: (message: string) => void;
}

export function schemaOf(schema: SchemaOrBoolean | undefined, {document}: EndpointContext): Schema {
  const resolved = resolve<SchemaOrBoolean | undefined>(document, schema as never);
  return isSchema(resolved) ? resolved : {};
}

function braces(members: readonly string[]): string {
  const line = `{${members.join(', ')}}`;
  return line.length <= 80 ? line : `{\n  ${indent(members.join(',\n'))},\n}`;
}

/** The style of a query parameter, or a member of a form, that is sent as JSON. */
export const jsonStyle = '(name, value) => [[name, JSON.stringify(value)]]';

const queryStyles: ReadonlySet<unknown> = new Set(['deepObject', 'form', 'pipeDelimited', 'spaceDelimited']);

/** The style of a query parameter, or a member of a form; `undefined` for the default style. */
export function queryStyle(
  {style = 'form', explode, allowReserved}: Encoding | Parameter,
  name: string,
  warn: (message: string) => void,
): string | undefined {
  if (!queryStyles.has(style)) {
    warn(
      `the style of "${name}" is ignored, because queries and forms don't have it: the style "form" is used`,
    );
    return undefined;
  }
  // deepObject is always exploded.
  const isExploded =
    style === 'deepObject'
      ? undefined
      : (explode ?? style === 'form') === (style === 'form')
        ? undefined
        : explode;
  if (isExploded === undefined && !allowReserved) return style === 'form' ? undefined : stringLiteral(style);
  return braces([
    ...(style === 'form' ? [] : [`style: ${stringLiteral(style)}`]),
    ...(isExploded === undefined ? [] : [`explode: ${booleanLiteral(isExploded)}`]),
    ...(allowReserved ? ['allowReserved: true'] : []),
  ]);
}

/** An object literal of the members that have a value; `undefined` when none has. */
export function membersOf(
  values: ReadonlyArray<readonly [name: string, value: string | undefined]>,
): string | undefined {
  const members = values.flatMap(([name, value]) =>
    value === undefined ? [] : [`${memberName(name)}: ${value}`],
  );
  return members.length > 0 ? braces(members) : undefined;
}
