import type {PoolSample} from '../model/events.ts';
import type {Run} from '../model/run.ts';
import {element, setText} from './dom.ts';
import {formatCount, formatHost} from './format.ts';

export interface Pool {
  show(run: Run | undefined): void;
  render(): void;
}

/** One row: all hosts, or one host. */
interface Row {
  render(sample: PoolSample | undefined, run: Run): void;
  readonly node: HTMLElement;
}

/** The slots of the connector, by host, with their limits. */
export function createPool(root: HTMLElement): Pool {
  let run: Run | undefined;
  let rows: Row[] = [];

  return {
    show(shown) {
      run = shown;
      if (!run) {
        root.replaceChildren(element('p', {class: 'empty'}, 'No session yet'));
        rows = [];
        return;
      }
      rows = [
        createRow('All hosts', ''),
        ...run.hosts.map((origin) => createRow(formatHost(origin), origin)),
      ];
      const names = ['Host', 'Slots', 'Active', 'Limit', 'Queued', 'Idle', 'Peak'];
      const head = element(
        'tr',
        {},
        ...names.map((name) =>
          element('th', {scope: 'col', class: name === 'Slots' ? 'bar' : undefined}, name),
        ),
      );
      root.replaceChildren(
        element(
          'table',
          {class: 'pool', 'aria-labelledby': 'pool-title'},
          element('thead', {}, head),
          element('tbody', {}, ...rows.map(({node}) => node)),
        ),
      );
    },
    render() {
      if (!run) return;
      for (const row of rows) row.render(run.pool, run);
    },
  };
}

function createRow(name: string, origin: string): Row {
  const active = element('i', {class: 'active'});
  const idle = element('i', {class: 'idle'});
  const peak = element('i', {class: 'peak'});
  const cells = Array.from({length: 5}, () => element('td', {class: 'number'}, '0'));
  const node = element(
    'tr',
    {},
    element('th', {scope: 'row'}, name),
    element(
      'td',
      {class: 'bar'},
      element('span', {class: 'slots', 'aria-hidden': 'true'}, active, idle, peak),
    ),
    ...cells,
  );

  return {
    node,
    render(sample, {peaks}) {
      const host = origin === '' ? sample : sample?.hosts[origin];
      const limit =
        (origin === '' ? sample?.limit : (sample?.hosts[origin]?.limit ?? sample?.limitPerHost)) || 0;
      const highest = peaks[origin] ?? 0;
      // Without a limit the peak is the full length of the bar.
      const whole = Math.max(1, Number.isFinite(limit) && limit > 0 ? limit : highest);
      active.style.width = share(host?.active ?? 0, whole);
      idle.style.width = share(host?.idle ?? 0, whole);
      peak.style.left = share(highest, whole);
      const values = [host?.active, limit, host?.queued, host?.idle, highest];
      for (const [index, cell] of cells.entries()) {
        const value = values[index] ?? 0;
        const isNone = index === 1 && !(value > 0 && Number.isFinite(value));
        setText(cell, isNone ? 'none' : formatCount(value));
      }
    },
  };
}

function share(part: number, whole: number): string {
  return `${Math.min(100, (part / whole) * 100)}%`;
}
