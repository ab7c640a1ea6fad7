import {indent} from './comments.ts';
import type {Encoding, LoadedDocument, Parameter, Schema, SchemaOrBoolean} from './document.ts';
import {isSchema, resolve} from './document.ts';
import {memberName, stringLiteral} from './names.ts';
import type {TypeWriter} from './types.ts';

/** What writing endpoints needs. */
export interface EndpointContext {
  readonly document: LoadedDocument;
  readonly types: TypeWriter;
  /** Told what is used of the package. */
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

/** The JSON of a parameter, or of a member of a form, as its one value. */
export const jsonStyle = '(name, value) => [[name, JSON.stringify(value)]]';

/** How a parameter, or a member of a form, is written, where that isn't what everybody does. */
export function queryStyle({
  style = 'form',
  explode,
  allowReserved,
}: Encoding | Parameter): string | undefined {
  // Of deepObject there is no other.
  const isExploded =
    style === 'deepObject'
      ? undefined
      : (explode ?? style === 'form') === (style === 'form')
        ? undefined
        : explode;
  if (isExploded === undefined && !allowReserved) return style === 'form' ? undefined : stringLiteral(style);
  return braces([
    ...(style === 'form' ? [] : [`style: ${stringLiteral(style)}`]),
    ...(isExploded === undefined ? [] : [`explode: ${isExploded}`]),
    ...(allowReserved ? ['allowReserved: true'] : []),
  ]);
}

/** An object literal, of those that have a value. */
export function membersOf(
  values: ReadonlyArray<readonly [name: string, value: string | undefined]>,
): string | undefined {
  const members = values.flatMap(([name, value]) =>
    value === undefined ? [] : [`${memberName(name)}: ${value}`],
  );
  return members.length > 0 ? braces(members) : undefined;
}
