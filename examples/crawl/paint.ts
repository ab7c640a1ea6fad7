import {styleText} from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** Colours a text, or doesn't, where it would only be in the way. */
export type Paint = (style: Style, text: string) => string;

/** For a stream: colours on a terminal, unless NO_COLOR and its like say otherwise. */
export function createPaint(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, {stream});
}
