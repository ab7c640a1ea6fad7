import type {Phase} from '../model/events.ts';
import {phases} from '../model/events.ts';

/** The colours of canvases, read from the style sheet at this moment. */
export interface Colours {
  readonly phases: Readonly<Record<Phase, string>>;
  readonly failed: string;
  readonly muted: string;
  readonly line: string;
  readonly edge: string;
  readonly accent: string;
  readonly hover: string;
}

export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    phases: Object.fromEntries(phases.map((phase) => [phase, colour(phase)])) as Record<Phase, string>,
    failed: colour('failed'),
    muted: colour('muted'),
    line: colour('line'),
    edge: colour('edge'),
    accent: colour('accent'),
    hover: colour('hover'),
  };
}
