import type {RequestRecord, Run} from '../model/run.ts';
import type {RowLayout} from '../model/waterfall.ts';
import {barsOf, timeTicks} from '../model/waterfall.ts';
import type {SizedCanvas} from './canvas.ts';
import type {Colours} from './colours.ts';

/** Everything that one drawing of a waterfall depends on. */
export interface Drawing {
  readonly size: SizedCanvas;
  readonly colours: Colours;
  readonly layout: RowLayout;
  /** The time that its width stands for, in ms. */
  readonly duration: number;
  /** The current time, in ms since the run began. */
  readonly now: number;
  /** The scroll position, in px. */
  readonly scrollTop: number;
  /** Highlighted rows. */
  readonly marked: ReadonlyArray<number | undefined>;
}

/** The height of the scale above the rows, in px. */
export const scaleHeight = 22;

const markWidth = 4;
const leastMark = 3;
/** Rows of at least this height, in px, have details: a gap, a line for times without a phase, and lanes. */
const detailed = 4;
/** The width of a time on the scale, in px. */
const tickWidth = 90;

export function drawWaterfall(run: Run, drawing: Drawing): void {
  const {context, width, height} = drawing.size;
  context.clearRect(0, 0, width, height);
  drawScale(drawing);
  context.save();
  context.beginPath();
  context.rect(0, scaleHeight, width, height - scaleHeight);
  context.clip();
  drawMarked(drawing);
  const {first, last, stride} = drawing.layout;
  for (let row = first; row < last; row += stride) {
    const request = run.requests[row];
    if (request) drawRow(request, row, drawing);
  }
  drawFailures(run, drawing);
  context.restore();
}

function drawScale({size: {context, width, height}, colours, duration}: Drawing): void {
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  for (const tick of timeTicks(duration, Math.max(2, Math.floor(width / tickWidth)))) {
    const x = Math.round((tick / duration) * width);
    context.fillStyle = colours.line;
    context.fillRect(x, 0, 1, height);
    context.fillStyle = colours.muted;
    // A time that would be cut off at the edge is left out.
    if (x + tickWidth / 2 < width) context.fillText(formatTick(tick), x + 5, scaleHeight / 2);
  }
}

function formatTick(time: number): string {
  return time >= 1_000 ? `${time / 1_000} s` : `${time} ms`;
}

/** The position of a row on the screen, in whole pixels, because thin rows would otherwise blur into bands. */
function placeRow(
  row: number,
  {layout: {rowHeight, stride}, scrollTop}: Drawing,
): {y: number; height: number} {
  const top = scaleHeight - scrollTop + row * rowHeight;
  const y = Math.round(top);
  const bottom = Math.round(top + rowHeight * stride);
  return {y, height: Math.max(1, bottom - y - (rowHeight >= detailed ? 1 : 0))};
}

function drawMarked(drawing: Drawing): void {
  const {context, width} = drawing.size;
  context.fillStyle = drawing.colours.hover;
  for (const row of drawing.marked) {
    if (row === undefined) continue;
    const {y, height} = placeRow(row, drawing);
    context.fillRect(0, y, width, Math.max(height, 2));
  }
}

function drawRow(request: RequestRecord, row: number, drawing: Drawing): void {
  const {size, colours, layout, duration, now} = drawing;
  const {context, width} = size;
  const pixelsPerMs = width / duration;
  const {y, height} = placeRow(row, drawing);
  const hasDetails = layout.rowHeight >= detailed;
  if (hasDetails) {
    const end = request.end ?? now;
    context.fillStyle = colours.edge;
    context.fillRect(
      request.start * pixelsPerMs,
      y + Math.floor(height / 2),
      Math.max(1, (end - request.start) * pixelsPerMs),
      1,
    );
  }
  const bars = barsOf(request, now, pixelsPerMs);
  const laneCount = hasDetails && bars.some(({lane}) => lane === 1) ? 2 : 1;
  const laneHeight = height / laneCount;
  for (const bar of bars) {
    context.fillStyle = colours.phases[bar.phase];
    context.fillRect(bar.x, laneCount === 2 ? y + bar.lane * laneHeight : y, bar.width, laneHeight);
  }
}

/** Marks every failed request, also where its row isn't drawn. */
function drawFailures({requests}: Run, drawing: Drawing): void {
  const {size, colours, layout, duration} = drawing;
  const {context, width} = size;
  context.fillStyle = colours.failed;
  for (let row = layout.first; row < layout.last; row++) {
    const request = requests[row];
    if (request?.state !== 'failed' || request.end === undefined) continue;
    const {y, height} = placeRow(row, drawing);
    const x = Math.min((request.end / duration) * width, width - markWidth);
    context.fillRect(x, y, markWidth, Math.max(height, leastMark));
  }
}
