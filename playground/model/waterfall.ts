import type {Phase} from './events.ts';
import type {RequestRecord, Span} from './run.ts';

/** Which rows of a waterfall are drawn, and where. */
export interface RowLayout {
  /** The height of one row, in px. Several requests share a row where they share a pixel. */
  readonly rowHeight: number;
  /** The height of all rows, in px. */
  readonly contentHeight: number;
  /** The first visible row, and the row after the last visible one. */
  readonly first: number;
  readonly last: number;
  /** One of this many requests is drawn: 1 unless there are more requests than pixels. */
  readonly stride: number;
}

const comfortableRow = 10;
const largestRow = 16;

/**
 * Lays the rows out.
 *
 * @param fits - whether all rows are visible at once, however thin; otherwise rows have a readable height, and scroll
 */
export function layoutRows(count: number, height: number, fits: boolean, scrollTop: number): RowLayout {
  if (count === 0 || height <= 0)
    return {rowHeight: comfortableRow, contentHeight: 0, first: 0, last: 0, stride: 1};
  if (!fits) {
    const first = Math.max(0, Math.floor(scrollTop / comfortableRow));
    const last = Math.min(count, Math.ceil((scrollTop + height) / comfortableRow));
    return {rowHeight: comfortableRow, contentHeight: count * comfortableRow, first, last, stride: 1};
  }
  const rowHeight = Math.min(largestRow, height / count);
  const stride = Math.max(1, Math.ceil(count / height));
  return {rowHeight, contentHeight: rowHeight * count, first: 0, last: count, stride};
}

/** The request that is drawn `y` px below the top. */
export function rowAt(
  y: number,
  scrollTop: number,
  {rowHeight}: RowLayout,
  count: number,
): number | undefined {
  const row = Math.floor((y + scrollTop) / rowHeight);
  return row >= 0 && row < count ? row : undefined;
}

/** A span on the screen. */
export interface Bar {
  readonly phase: Phase;
  readonly x: number;
  readonly width: number;
  /** 1 for an attempt that runs beside an earlier one, as a hedge does. */
  readonly lane: 0 | 1;
  readonly span: Span;
}

/** The bars of a request. A bar is at least one pixel wide, so that it is visible. */
export function barsOf({spans}: RequestRecord, now: number, pixelsPerMs: number): Bar[] {
  return spans.map((span, index) => {
    const end = span.end ?? now;
    return {
      phase: span.phase,
      x: span.start * pixelsPerMs,
      width: Math.max(1, (end - span.start) * pixelsPerMs),
      lane: isBeside(spans, index) ? 1 : 0,
      span,
    };
  });
}

/** Whether an earlier attempt was still running when this one began. */
function isBeside(spans: readonly Span[], index: number): boolean {
  const span = spans[index] as Span;
  if (span.attempt < 2) return false;
  const firstOfAttempt = spans.find(({attempt}) => attempt === span.attempt) as Span;
  return spans.some(
    ({attempt, start, end}) =>
      attempt < span.attempt &&
      start <= firstOfAttempt.start &&
      (end === undefined || end > firstOfAttempt.start),
  );
}

/** Round times for a scale, in ms, at most so many. */
export function timeTicks(duration: number, most: number): number[] {
  if (!(duration > 0) || most < 1) return [0];
  const magnitude = 10 ** Math.floor(Math.log10(duration / most));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((size) => duration / size <= most);
  const size = Math.max(step ?? magnitude * 10, 1);
  return Array.from({length: Math.floor(duration / size) + 1}, (_, index) => index * size);
}

/** How much time a waterfall shows: more than has passed, in steps, so that the scale doesn't change with each frame. */
export function shownDuration(latest: number, isOver: boolean): number {
  if (isOver) return Math.max(latest * 1.01, 10);
  let shown = 500;
  while (shown < latest * 1.05) shown *= 1.5;
  return shown;
}
