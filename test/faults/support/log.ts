/** Notes what happened. A function makes the note only when somebody reads it. */
export type Log = (what: Note) => void;

export type Note = string | (() => string);

export function textOf(note: Note): string {
  return typeof note === 'string' ? note : note();
}

/** Puts a prefix in front of each note. */
export function prefixed(log: Log, prefix: string): Log {
  return (what) => log(() => `${prefix}${textOf(what)}`);
}
