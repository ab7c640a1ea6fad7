import {enclosed} from './comments.ts';

/** The text of a type, and its kind, which tells where the type needs parentheses. */
export interface Written {
  readonly text: string;
  readonly kind: 'primary' | 'object' | 'modified' | 'union' | 'intersection';
  /** The members of a union. */
  readonly members?: readonly Written[];
}

/** A type that needs no parentheses, unless it is a union. */
export function primary(text: string): Written {
  return {text, kind: text.includes(' | ') ? 'union' : 'primary'};
}

/** A type in parentheses, if `[]` after it needs them. */
export function grouped({text, kind}: Written): string {
  return kind === 'primary' || kind === 'object' ? text : enclosed('(', text, ')');
}

/** The longest line of a union, in characters. */
const lineLength = 80;

export function union(parts: readonly Written[]): Written {
  const texts = new Map<string, Written>();
  for (const part of parts.flatMap(({members, ...part}) => members ?? [part])) texts.set(part.text, part);
  // `unknown` includes every other type, and `never` adds nothing.
  if (texts.has('unknown')) return primary('unknown');
  if (texts.size > 1) texts.delete('never');
  const members = [...texts.values()];
  const [only, ...more] = members;
  if (only === undefined) return primary('never');
  if (more.length === 0) return only;
  const written = members.map((part) => (part.kind === 'union' ? part.text : grouped(part)));
  const line = written.join(' | ');
  const text =
    line.length <= lineLength || line.includes('\n')
      ? line
      : written.map((member) => `| ${member}`).join('\n');
  return {text, kind: 'union', members};
}

export function intersection(parts: readonly Written[]): Written {
  const texts = new Map<string, Written>();
  for (const part of parts) if (part.text !== 'unknown') texts.set(part.text, part);
  const [only, ...more] = texts.values();
  if (only === undefined) return primary('unknown');
  if (more.length === 0) return only;
  const members = [...texts.values()].map((part) =>
    part.kind === 'union' || part.kind === 'modified' ? enclosed('(', part.text, ')') : part.text,
  );
  return {text: members.join(' & '), kind: 'intersection'};
}
