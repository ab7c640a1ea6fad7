import {formatBytes, formatCount, formatMany, formatTime, truncate} from './format.ts';
import type {Paint, Style} from './paint.ts';

/** The progress of a crawl. */
export interface ProgressState {
  readonly done: number;
  readonly running: number;
  readonly waiting: number;
  readonly failed: number;
  readonly bytes: number;
  readonly maxPages: number;
  /** Since the start, in ms. */
  readonly time: number;
}

/** Shows the progress of a crawl, on a terminal or as plain lines. */
export interface ProgressView {
  /** Prints a line that stays. */
  print(line: string, style: Style): void;
  /** Shows the final state and cleans up. */
  end(): void;
}

/** The part of `tty.WriteStream` that is needed here. */
interface TextStream {
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly stream: TextStream;
  readonly state: () => ProgressState;
  readonly paint: Paint;
}

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
const clearLine = '\r\x1b[K';

/** One line at the bottom of the terminal, redrawn ten times a second. */
export function createLiveProgress({stream, state, paint}: ProgressOptions): ProgressView {
  const draw = () => stream.write(clearLine + formatBar(state(), (stream.columns ?? 80) - 1, paint));
  // Also when the process is killed, because the shell would otherwise stay without a cursor.
  const restore = () => stream.write(clearLine + showCursor);
  process.once('exit', restore);
  stream.write(hideCursor);
  const timer = setInterval(draw, 100);
  timer.unref();
  draw();
  return {
    print(line, style) {
      stream.write(`${clearLine + paint(style, truncate(line, (stream.columns ?? 80) - 1))}\n`);
      draw();
    },
    end() {
      clearInterval(timer);
      process.off('exit', restore);
      restore();
    },
  };
}

/** A line each second, for logs and pipes. */
export function createPlainProgress({stream, state, paint}: ProgressOptions): ProgressView {
  const report = () => stream.write(`${formatLine(state())}\n`);
  const timer = setInterval(report, 1_000);
  timer.unref();
  return {
    print: (line, style) => stream.write(`${paint(style, line)}\n`),
    end() {
      clearInterval(timer);
      report();
    },
  };
}

/** How many pages are known. */
function expectedPages({done, running, waiting, maxPages}: ProgressState): number {
  return Math.min(maxPages, done + running + waiting);
}

function formatLine(state: ProgressState): string {
  const {done, running, waiting, failed, bytes, time} = state;
  return [
    `  ${formatTime(time)}: ${formatCount(done)} of ${formatMany(expectedPages(state), 'page')}`,
    `${formatCount(running)} under way`,
    `${formatCount(waiting)} waiting`,
    formatBytes(bytes),
    `${formatCount(failed)} failed`,
  ].join(', ');
}

/** As many parts as fit into a width, the most important first. */
export function formatBar(state: ProgressState, width: number, paint: Paint): string {
  const {done, running, waiting, failed, bytes, time} = state;
  const expected = expectedPages(state);
  const share = expected > 0 ? Math.min(1, done / expected) : 0;
  const percent = `${Math.floor(share * 100)}%`.padStart(5);
  const texts = [
    `${formatCount(done)}/${formatMany(expected, 'page')}`,
    `${formatCount(running)} under way`,
    ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
    formatBytes(bytes),
    formatTime(time),
    `${formatCount(waiting)} waiting`,
  ];
  const bar = width < 75 ? 10 : 24;
  const shown: string[] = [];
  let left = width - bar - percent.length - 1;
  for (const text of texts) {
    if (text.length + 2 > left) break;
    shown.push(text.endsWith('failed') ? paint('red', text) : text);
    left -= text.length + 2;
  }
  const full = Math.round(share * bar);
  const drawn =
    (full > 0 ? paint('green', '━'.repeat(full)) : '') +
    (full < bar ? paint('dim', '━'.repeat(bar - full)) : '');
  return [` ${drawn}${percent}`, ...shown].join('  ');
}
