import {percentilesOf} from '../model/percentiles.ts';
import type {Run} from '../model/run.ts';
import {element, setText} from './dom.ts';
import {formatBytes, formatCount, formatTime, nothing} from './format.ts';
import type {Lane} from './lane.ts';
import {engineNames, laneTime} from './lane.ts';

export interface Summary {
  show(lanes: readonly Lane[]): void;
  render(): void;
}

/** A figure of a lane: its name and its text. */
interface Figure {
  readonly name: string;
  readonly tell: (lane: Lane, latencies: ReturnType<typeof percentilesOf>) => string;
  readonly isBad?: (run: Run) => boolean;
}

const figures: readonly Figure[] = [
  {name: 'Settled', tell: ({run}) => `${formatCount(run.done + run.failed)} / ${formatCount(run.total)}`},
  {name: 'Failed', tell: ({run}) => formatCount(run.failed), isBad: ({failed}) => failed > 0},
  {name: 'Extra attempts', tell: ({run}) => formatCount(run.retries)},
  {name: 'Time', tell: (lane) => formatTime(lane.startedAt === undefined ? undefined : laneTime(lane))},
  {
    name: 'Calls/s',
    tell: (lane) => {
      const time = laneTime(lane);
      return time > 0 ? formatCount((lane.run.settled.length / time) * 1_000) : nothing;
    },
  },
  {name: 'p50', tell: (_lane, {p50}) => formatTime(p50)},
  {name: 'p95', tell: (_lane, {p95}) => formatTime(p95)},
  {name: 'p99', tell: (_lane, {p99}) => formatTime(p99)},
  {name: 'Received', tell: ({run}) => formatBytes(run.bytes)},
  {name: 'Sent', tell: ({run}) => formatCount(run.sent)},
  {name: 'Server saw', tell: ({log}) => (log ? formatCount(log.arrived) : nothing)},
  {name: 'Server’s peak', tell: ({log}) => (log ? formatCount(log.peak) : nothing)},
];

export function createSummary(root: HTMLElement): Summary {
  let renderers: Array<() => void> = [];

  function createLane(lane: Lane | undefined, hasOthers: boolean): HTMLElement {
    const cells = figures.map((figure) => {
      const value = element('dd', {}, nothing);
      const node = element('div', {}, element('dt', {}, figure.name), value);
      return {figure, value, node};
    });
    const note = element('p', {class: 'note'});
    if (lane) {
      renderers.push(() => {
        const {settled} = lane.run;
        const latencies = percentilesOf(
          settled.filter(({state}) => state === 'done').map(({start, end = 0}) => end - start),
        );
        for (const {figure, value} of cells) {
          setText(value, figure.tell(lane, latencies));
          value.classList.toggle('bad', figure.isBad?.(lane.run) ?? false);
        }
        setText(note, noteOf(lane));
      });
    } else {
      setText(note, 'Choose a scenario, or settings of your own, and run a burst.');
    }
    return element(
      'div',
      {class: 'lane'},
      hasOthers && lane ? element('h3', {}, engineNames[lane.engine]) : undefined,
      element('dl', {class: 'figures'}, ...cells.map(({node}) => node)),
      note,
    );
  }

  return {
    show(lanes) {
      renderers = [];
      const shown = lanes.length > 0 ? lanes : [undefined];
      root.replaceChildren(...shown.map((lane) => createLane(lane, lanes.length > 1)));
    },
    render() {
      for (const render of renderers) render();
    },
  };
}

/** Compares the requests that were sent with the server's log. */
function noteOf({run, log, runtime}: Lane): string {
  if (!log) return run.started > 0 ? 'Running …' : 'Waiting for the other run …';
  const {left} = log.outcomes;
  const leavers =
    left > 0 ? ` ${formatCount(left)} were broken off by the client before their response was complete.` : '';
  const place = runtime === 'node' ? 'Node' : 'the browser';
  const difference = log.arrived - run.sent;
  if (difference === 0)
    return `The server’s log agrees: ${formatCount(log.arrived)} requests arrived.${leavers}`;
  if (difference > 0) {
    return `${formatCount(difference)} more arrived than were sent: ${place} sent them again by itself when a connection broke.${leavers}`;
  }
  return `${formatCount(-difference)} were aborted inside ${place}, before they reached the server.${leavers}`;
}
