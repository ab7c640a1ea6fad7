import type {Phase} from '../model/events.ts';
import {phaseMeanings, phaseNames, phases} from '../model/events.ts';
import {element, setText} from './dom.ts';
import {formatCount} from './format.ts';
import type {Lane} from './lane.ts';

export interface Legend {
  /** Shows how many requests are in each phase during a run, and the share of time of each phase after it. */
  render(lane: Lane | undefined): void;
}

export function createLegend(root: HTMLElement): Legend {
  const values = new Map<Phase, HTMLElement>();
  for (const phase of phases) {
    const value = element('span', {class: 'count'});
    values.set(phase, value);
    const swatch = element('i', {style: `background: var(--${phase})`, 'aria-hidden': 'true'});
    root.append(element('li', {title: phaseMeanings[phase]}, swatch, phaseNames[phase], value));
  }
  const swatch = element('i', {style: 'background: var(--failed)', class: 'mark', 'aria-hidden': 'true'});
  const failed = element('span', {class: 'count'});
  root.append(element('li', {title: 'the call ended with an error'}, swatch, 'Failed', failed));

  return {
    render(lane) {
      const run = lane?.run;
      const whole = run ? phases.reduce((sum, phase) => sum + run.phaseTimes[phase], 0) : 0;
      for (const [phase, value] of values) {
        if (!run) setText(value, '');
        else if (run.isOver)
          setText(value, whole > 0 ? `${Math.round((run.phaseTimes[phase] / whole) * 100)} %` : '');
        else setText(value, formatCount(run.inPhase[phase]));
      }
      setText(failed, run ? formatCount(run.failed) : '');
    },
  };
}
