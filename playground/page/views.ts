import {shownDuration} from '../model/waterfall.ts';
import {createCharts} from './charts.ts';
import {readColours} from './colours.ts';
import {byId, element} from './dom.ts';
import type {Lane} from './lane.ts';
import {laneTime} from './lane.ts';
import {createLegend} from './legend.ts';
import {createPool} from './pool.ts';
import {createSummary} from './summary.ts';
import type {Waterfall} from './waterfall.ts';
import {createWaterfall} from './waterfall.ts';

export interface Views {
  show(lanes: readonly Lane[]): void;
  /** @param all - whether to draw the views that cost more, too */
  render(all: boolean): void;
  setFitting(fits: boolean): void;
  setColours(): void;
  invalidate(): void;
}

/** The views that show whole lanes, drawn together. */
export function createViews(host: {
  readonly select: (lane: Lane, index: number) => void;
  readonly selected: (lane: Lane) => number | undefined;
  /** Requests the next frame. */
  readonly draw: () => void;
}): Views {
  const summary = createSummary(byId('summary'));
  const legend = createLegend(byId('legend'));
  const charts = createCharts(byId('throughput'), byId('latency'));
  const pool = createPool(byId('pool'));
  const root = byId('waterfalls');
  let lanes: readonly Lane[] = [];
  let waterfalls: Waterfall[] = [];
  let colours = readColours();
  let isFitting = true;

  function invalidate(): void {
    for (const waterfall of waterfalls) waterfall.invalidate();
    host.draw();
  }

  return {
    invalidate,
    show(shown) {
      lanes = shown;
      waterfalls = lanes.map((lane) =>
        createWaterfall(
          lane,
          () => isFitting,
          (index) => host.select(lane, index),
          () => host.selected(lane),
          host.draw,
        ),
      );
      const empty = element('p', {class: 'empty'}, 'Each request is a row here, coloured by its phases');
      root.replaceChildren(...(waterfalls.length > 0 ? waterfalls.map(({node}) => node) : [empty]));
      root.classList.toggle('several', waterfalls.length > 1);
      summary.show(lanes);
      charts.show(lanes, colours);
      pool.show(lanes[0]?.run);
    },
    render(all) {
      // All lanes share a scale, so that they can be compared.
      const isOver = lanes.every(({run}) => run.isOver);
      const duration = shownDuration(Math.max(0, ...lanes.map(laneTime)), isOver);
      for (const waterfall of waterfalls) waterfall.render(duration, colours);
      legend.render(lanes.find(({run}) => !run.isOver && run.started > 0) ?? lanes[0]);
      pool.render();
      if (!all) return;
      summary.render();
      charts.render();
    },
    setFitting(fits) {
      isFitting = fits;
      invalidate();
    },
    setColours() {
      colours = readColours();
      charts.show(lanes, colours);
      charts.render();
      invalidate();
    },
  };
}
