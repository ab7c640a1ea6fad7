import {phaseNames, phases} from '../model/events.ts';
import {durationOf, stateOf} from '../model/run.ts';
import type {RowLayout} from '../model/waterfall.ts';
import {layoutRows, rowAt} from '../model/waterfall.ts';
import {sizeCanvas} from './canvas.ts';
import type {Colours} from './colours.ts';
import {element, setText} from './dom.ts';
import {formatCount, formatTime} from './format.ts';
import type {Lane} from './lane.ts';
import {engineNames, laneTime} from './lane.ts';
import {drawWaterfall, scaleHeight} from './waterfall-drawing.ts';

export interface Waterfall {
  readonly node: HTMLElement;
  /** Draws it if anything has changed. `duration` is the time that its width stands for, in ms. */
  render(duration: number, colours: Colours): void;
  /** Makes the next `render` draw in any case. */
  invalidate(): void;
}

/** All requests of a lane, in the order in which they began, each a row of bars by phase. */
export function createWaterfall(
  lane: Lane,
  isFitting: () => boolean,
  select: (index: number) => void,
  selected: () => number | undefined,
  draw: () => void,
): Waterfall {
  const {run} = lane;
  const canvas = element('canvas', {role: 'img'});
  const filler = element('div', {class: 'filler'});
  const scroller = element(
    'div',
    {class: 'scroller', tabindex: 0, role: 'group', 'aria-label': `Waterfall, ${engineNames[lane.engine]}`},
    canvas,
    filler,
  );
  const tip = element('div', {class: 'tip', 'aria-hidden': 'true', hidden: true});
  const node = element(
    'figure',
    {class: 'waterfall'},
    element('figcaption', {}, engineNames[lane.engine]),
    scroller,
    tip,
  );
  let isStale = true;
  const invalidate = () => {
    isStale = true;
  };
  const stale = () => {
    invalidate();
    draw();
  };
  const size = sizeCanvas(canvas, stale);
  let layout: RowLayout = layoutRows(0, 0, true, 0);
  let hovered: number | undefined;
  let drawnDuration = 0;
  scroller.addEventListener('scroll', stale, {passive: true});

  function rowOf(event: PointerEvent | MouseEvent): number | undefined {
    const y = event.clientY - canvas.getBoundingClientRect().top - scaleHeight;
    return y < 0 ? undefined : rowAt(y, isFitting() ? 0 : scroller.scrollTop, layout, run.requests.length);
  }

  canvas.addEventListener('pointermove', (event) => {
    hovered = rowOf(event);
    stale();
    const request = hovered === undefined ? undefined : run.requests[hovered];
    tip.hidden = !request;
    if (!request) return;
    const state = stateOf(request);
    const name = state in phaseNames ? phaseNames[state as keyof typeof phaseNames] : state;
    setText(
      tip,
      `#${request.index} · ${request.status ?? name} · ${formatTime(durationOf(request, laneTime(lane)))}`,
    );
    const box = node.getBoundingClientRect();
    tip.style.translate = `${Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth)}px ${event.clientY - box.top + 16}px`;
  });
  canvas.addEventListener('pointerleave', () => {
    hovered = undefined;
    tip.hidden = true;
    stale();
  });
  canvas.addEventListener('click', (event) => {
    const row = rowOf(event);
    if (row !== undefined && run.requests[row]) select(row);
  });

  function describe(): string {
    const shares = phases
      .filter((phase) => run.phaseTimes[phase] > 0)
      .map((phase) => `${phaseNames[phase].toLowerCase()} ${formatTime(run.phaseTimes[phase])}`);
    const {total, done, failed} = run;
    return `Of ${formatCount(total)} requests ${formatCount(done)} succeeded and ${formatCount(failed)} failed. Time in each phase: ${shares.join(', ') || 'none'}.`;
  }

  return {
    node,
    invalidate,
    render(duration, colours) {
      if (!isStale && run.isOver && duration === drawnDuration) return;
      isStale = false;
      drawnDuration = duration;
      const fits = isFitting();
      const scrollTop = fits ? 0 : scroller.scrollTop;
      const room = size.height - scaleHeight;
      node.classList.toggle('scrolls', !fits);
      layout = layoutRows(fits ? run.total : run.requests.length, room, fits, scrollTop);
      filler.style.height = fits ? '0' : `${Math.max(0, layout.contentHeight - room)}px`;
      const marked = [hovered, selected()];
      drawWaterfall(run, {size, colours, layout, duration, now: laneTime(lane), scrollTop, marked});
      const label = run.isOver ? describe() : `${formatCount(run.total)} requests, running`;
      if (canvas.getAttribute('aria-label') !== label) canvas.setAttribute('aria-label', label);
    },
  };
}
