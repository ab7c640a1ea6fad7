import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type {Series} from '../model/series.ts';
import {seriesOf, stretchFor} from '../model/series.ts';
import type {Colours} from './colours.ts';
import {element} from './dom.ts';
import {formatCount} from './format.ts';
import type {Lane} from './lane.ts';
import {engineNames, laneTime} from './lane.ts';

export interface Charts {
  show(lanes: readonly Lane[], colours: Colours): void;
  render(): void;
}

/** A line of a chart, with the source of its values. */
interface Line {
  readonly label: string;
  readonly colour: (colours: Colours) => string;
  readonly values: (series: Series) => ReadonlyArray<number | null>;
  readonly width: number;
  readonly isFilled?: boolean;
}

const throughputLines: readonly Line[] = [
  {
    label: 'settled',
    colour: ({accent}) => accent,
    values: ({throughput}) => throughput,
    width: 2,
    isFilled: true,
  },
  {label: 'failed', colour: ({failed}) => failed, values: ({failures}) => failures, width: 1.5},
];

const latencyLines: readonly Line[] = [
  {label: 'p50', colour: ({phases}) => phases.receiving, values: ({p50}) => p50, width: 2},
  {label: 'p95', colour: ({phases}) => phases.waiting, values: ({p95}) => p95, width: 1.5},
  {label: 'p99', colour: ({phases}) => phases.paused, values: ({p99}) => p99, width: 1.5},
];

/** Throughput and latencies over time. With several lanes, the lines of all but the first are dashed. */
export function createCharts(throughput: HTMLElement, latency: HTMLElement): Charts {
  const panels = [
    {root: throughput, lines: throughputLines},
    {root: latency, lines: latencyLines},
  ];
  let lanes: readonly Lane[] = [];
  let plots: uPlot[] = [];
  const observer = new ResizeObserver(() => {
    for (const plot of plots) plot.setSize(sizeOf(plot.root.parentElement as HTMLElement, lanes.length));
  });
  for (const {root} of panels) observer.observe(root);

  function dataOf(lines: readonly Line[]): uPlot.AlignedData {
    const duration = Math.max(...lanes.map(laneTime), 1);
    const stretch = stretchFor(duration);
    const all = lanes.map(({run}) => seriesOf(run, duration, stretch));
    const times = all[0]?.times ?? [];
    const columns = all.flatMap((series) => lines.map(({values}) => values(series)));
    return [times, ...columns] as uPlot.AlignedData;
  }

  return {
    show(shown, colours) {
      for (const plot of plots) plot.destroy();
      for (const {root} of panels) root.replaceChildren();
      lanes = shown;
      plots = [];
      if (lanes.length === 0) {
        for (const {root} of panels) root.append(element('p', {class: 'empty'}, 'Nothing was sent yet'));
        return;
      }
      plots = panels.map(({root, lines}) => {
        const options = optionsOf(lanes, lines, colours);
        return new uPlot({...options, ...sizeOf(root, lanes.length)}, dataOf(lines), root);
      });
    },
    render() {
      for (const [index, plot] of plots.entries()) {
        const {root, lines} = panels[index] as (typeof panels)[number];
        plot.setData(dataOf(lines));
        describe(root, lines);
      }
    },
  };

  function describe(root: HTMLElement, lines: readonly Line[]): void {
    const canvas = root.querySelector('canvas');
    if (!canvas || !lanes.every(({run}) => run.isOver)) return;
    const duration = Math.max(...lanes.map(laneTime), 1);
    const parts = lanes.flatMap(({run, engine}) => {
      const series = seriesOf(run, duration);
      return lines.map(({label, values}) => {
        const highest = Math.max(0, ...values(series).filter((value) => value !== null));
        return `${engineNames[engine]}, ${label}: at most ${formatCount(highest)}`;
      });
    });
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', parts.join('; '));
  }
}

/** The height of the lines' names below a chart, in px. */
const legendHeight = 28;
const tallLegendHeight = 48;

function sizeOf(root: HTMLElement, laneCount: number): {width: number; height: number} {
  const legend = laneCount > 1 ? tallLegendHeight : legendHeight;
  root.style.setProperty('--legend-height', `${legend}px`);
  return {width: root.clientWidth, height: root.clientHeight - legend};
}

function optionsOf(
  lanes: readonly Lane[],
  lines: readonly Line[],
  colours: Colours,
): Omit<uPlot.Options, 'width' | 'height'> {
  const axis: uPlot.Axis = {
    stroke: colours.muted,
    grid: {stroke: colours.line, width: 1},
    ticks: {show: false},
    font: '11px system-ui, sans-serif',
  };
  const series = lanes.flatMap(({engine}, lane) =>
    lines.map(({label, colour, width, isFilled}): uPlot.Series => {
      const stroke = colour(colours);
      return {
        label: lane > 0 ? `${label} ${engine}` : label,
        stroke,
        width,
        spanGaps: true,
        points: {show: false},
        ...(lane > 0 && {dash: [4, 4]}),
        ...(isFilled && lane === 0 && {fill: `color-mix(in srgb, ${stroke} 14%, transparent)`}),
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : formatCount(value)),
      };
    }),
  );
  return {
    scales: {
      x: {time: false, range: (_plot, _min, max) => [0, Math.max(max, 0.1)]},
      y: {range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)]},
    },
    axes: [
      {...axis, size: 28, values: (_plot, ticks) => ticks.map((tick) => `${tick} s`)},
      {...axis, size: 52, values: (_plot, ticks) => ticks.map(formatCount)},
    ],
    series: [
      {
        label: 'at',
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : `${value.toFixed(2)} s`),
      },
      ...series,
    ],
    cursor: {y: false, points: {size: 6}},
    legend: {live: true, markers: {width: 2}},
  };
}
