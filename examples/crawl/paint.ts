import {styleText} from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** Colours a text; without colours, returns it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Makes a `Paint` for a stream: with colours on a terminal, unless NO_COLOR and similar variables forbid them. */
export function createPaint(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, {stream});
}
