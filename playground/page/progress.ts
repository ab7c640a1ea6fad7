import {formatCount, formatTime} from './format.ts';
import type {Lane} from './lane.ts';
import {engineNames, laneTime} from './lane.ts';

export interface Progress {
  render(lanes: readonly Lane[]): void;
  /** Announces a text to screen readers. */
  announce(text: string): void;
  announceEnd(lanes: readonly Lane[], wasStopped: boolean): void;
}

/** The share of progress after which it is announced again. */
const step = 0.25;

export function createProgress(bar: HTMLProgressElement, status: HTMLElement): Progress {
  let said = 0;

  function announce(text: string): void {
    status.textContent = text;
  }

  return {
    announce,
    render(lanes) {
      const total = lanes.reduce((sum, {run}) => sum + run.total, 0);
      const settled = lanes.reduce((sum, {run}) => sum + run.settled.length, 0);
      const share = total > 0 ? settled / total : 0;
      bar.value = share;
      if (share < said) said = 0;
      if (share < said + step || share === 1) return;
      said = Math.floor(share / step) * step;
      announce(`${formatCount(settled)} of ${formatCount(total)} requests settled`);
    },
    announceEnd(lanes, wasStopped) {
      said = 0;
      const parts = lanes.map(
        (lane) =>
          `${engineNames[lane.engine]}: ${formatCount(lane.run.done)} succeeded, ${formatCount(lane.run.failed)} failed, in ${formatTime(laneTime(lane))}`,
      );
      announce(`${wasStopped ? 'Stopped' : 'Done'}. ${parts.join('. ')}.`);
    },
  };
}
