import {phaseNames} from '../model/events.ts';
import type {RequestRecord, Run} from '../model/run.ts';
import {durationOf, stateOf} from '../model/run.ts';
import type {SortKey} from '../model/table.ts';
import {orderRequests} from '../model/table.ts';
import {element, setText} from './dom.ts';
import {formatBytes, formatHost, formatTime, nothing} from './format.ts';
import type {Lane} from './lane.ts';
import {laneTime} from './lane.ts';

export interface RequestTable {
  show(lane: Lane | undefined): void;
  render(): void;
  setFailedOnly(failedOnly: boolean): void;
  select(index: number | undefined): void;
  focus(): void;
}

interface Column {
  readonly name: string;
  readonly key?: SortKey;
  readonly isNumber?: boolean;
  readonly tell: (request: RequestRecord, now: number, run: Run) => string;
}

const columns: readonly Column[] = [
  {name: '#', key: 'index', isNumber: true, tell: ({index}) => String(index)},
  {name: 'Host', tell: ({host}, _now, {hosts}) => formatHost(hosts[host] ?? '')},
  {name: 'State', tell: nameOfState},
  {name: 'Status', key: 'status', isNumber: true, tell: ({status}) => String(status ?? nothing)},
  {name: 'Attempts', key: 'attempts', isNumber: true, tell: ({attempts}) => String(attempts.length)},
  {name: 'Start', key: 'start', isNumber: true, tell: ({start}) => formatTime(start)},
  {
    name: 'Time',
    key: 'duration',
    isNumber: true,
    tell: (request, now) => formatTime(durationOf(request, now)),
  },
  {name: 'Body', isNumber: true, tell: ({bytes}) => formatBytes(bytes)},
];

const rowHeight = 28;

/** A grid of all requests, which has elements for the visible rows only. It is one tab stop; arrows move, Enter opens. */
export function createTable(root: HTMLElement, opened: (request: RequestRecord) => void): RequestTable {
  let lane: Lane | undefined;
  let order: RequestRecord[] = [];
  let sort: {readonly key: SortKey; readonly isDescending: boolean} = {key: 'index', isDescending: false};
  let failedOnly = false;
  /** The index of the request that has the cursor. */
  let current: number | undefined;

  const headers = columns.map(createHeader);
  const body = element('tbody');
  const table = element(
    'table',
    {role: 'grid', 'aria-labelledby': 'requests-title', 'aria-readonly': true},
    element('thead', {}, element('tr', {'aria-rowindex': 1}, ...headers)),
    body,
  );
  const empty = element('p', {class: 'empty'}, 'Nothing was sent yet');
  const scroller = element(
    'div',
    {class: 'grid', tabindex: 0, role: 'group', 'aria-label': 'Requests: arrows move, Enter opens'},
    table,
  );
  root.append(scroller, empty);
  scroller.addEventListener('scroll', () => draw(), {passive: true});
  new ResizeObserver(() => draw()).observe(scroller);

  function createHeader({name, key, isNumber}: Column): HTMLElement {
    const header = element('th', {scope: 'col', class: isNumber ? 'number' : undefined});
    if (!key) {
      header.append(name);
      return header;
    }
    const button = element('button', {type: 'button'}, name);
    button.addEventListener('click', () => {
      sort = {key, isDescending: sort.key === key ? !sort.isDescending : key !== 'index'};
      scroller.scrollTop = 0;
      update();
    });
    header.append(button);
    return header;
  }

  function update(): void {
    const now = lane ? laneTime(lane) : 0;
    order = lane ? orderRequests(lane.run.requests, {...sort, failedOnly, now}) : [];
    for (const [index, {key}] of columns.entries()) {
      if (key !== undefined) {
        const direction = sort.isDescending ? 'descending' : 'ascending';
        headers[index]?.setAttribute('aria-sort', key === sort.key ? direction : 'none');
      }
    }
    table.setAttribute('aria-rowcount', String(order.length + 1));
    empty.hidden = order.length > 0;
    setText(
      empty,
      !lane ? 'Nothing was sent yet' : failedOnly ? 'No request has failed' : 'Nothing was sent yet',
    );
    draw();
  }

  function draw(): void {
    const run = lane?.run;
    const now = lane ? laneTime(lane) : 0;
    const visible = Math.ceil(scroller.clientHeight / rowHeight) + 2;
    const first = Math.max(
      0,
      Math.min(Math.floor(scroller.scrollTop / rowHeight) - 1, order.length - visible),
    );
    const shown = run ? order.slice(first, first + visible) : [];
    while (body.rows.length > shown.length + 2) body.deleteRow(-1);
    while (body.rows.length < shown.length + 2) body.append(element('tr'));
    spacer(body.rows[0], first * rowHeight);
    spacer(body.rows[shown.length + 1], Math.max(0, order.length - first - shown.length) * rowHeight);
    for (const [offset, request] of shown.entries()) {
      fill(body.rows[offset + 1] as HTMLTableRowElement, request, first + offset, now, run as Run);
    }
    const active = shown.some(({index}) => index === current) ? `request-${current}` : '';
    if (active) scroller.setAttribute('aria-activedescendant', active);
    else scroller.removeAttribute('aria-activedescendant');
  }

  function move(to: number): void {
    const row = Math.max(0, Math.min(order.length - 1, to));
    const request = order[row];
    if (!request) return;
    current = request.index;
    const top = row * rowHeight;
    const head = rowHeight + 4;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + rowHeight + head > scroller.scrollTop + scroller.clientHeight) {
      scroller.scrollTop = top + rowHeight + head - scroller.clientHeight;
    }
    draw();
  }

  scroller.addEventListener('keydown', (event) => {
    if (event.target !== scroller) return;
    const at = order.findIndex(({index}) => index === current);
    const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 2);
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: Math.max(at, 1) - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: order.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) move(to);
    else if ((event.key === 'Enter' || event.key === ' ') && at >= 0) opened(order[at] as RequestRecord);
    else return;
    event.preventDefault();
  });
  body.addEventListener('click', (event) => {
    const index = (event.target as Element).closest('tr')?.dataset['index'];
    const request = index === undefined ? undefined : lane?.run.requests[Number(index)];
    if (!request) return;
    current = request.index;
    draw();
    opened(request);
  });

  return {
    show(shown) {
      lane = shown;
      current = undefined;
      scroller.scrollTop = 0;
      update();
    },
    render: update,
    setFailedOnly(only) {
      failedOnly = only;
      scroller.scrollTop = 0;
      update();
    },
    select(index) {
      current = index;
      const row = order.findIndex((request) => request.index === index);
      if (row >= 0) move(row);
      else draw();
    },
    focus: () => scroller.focus(),
  };

  function fill(
    row: HTMLTableRowElement,
    request: RequestRecord,
    place: number,
    now: number,
    run: Run,
  ): void {
    if (row.cells.length !== columns.length || row.dataset['index'] === undefined) {
      row.replaceChildren(
        ...columns.map(({isNumber}) =>
          element('td', {role: 'gridcell', class: isNumber ? 'number' : undefined}),
        ),
      );
      row.removeAttribute('aria-hidden');
      row.removeAttribute('style');
    }
    row.id = `request-${request.index}`;
    row.dataset['index'] = String(request.index);
    row.setAttribute('aria-rowindex', String(place + 2));
    row.setAttribute('aria-selected', String(request.index === current));
    row.className = stateOf(request);
    for (const [index, {tell}] of columns.entries())
      setText(row.cells[index] as Element, tell(request, now, run));
  }
}

function spacer(row: HTMLTableRowElement | undefined, height: number): void {
  if (!row) return;
  if (row.dataset['index'] !== undefined || !row.hasAttribute('aria-hidden')) {
    row.replaceChildren();
    row.removeAttribute('id');
    delete row.dataset['index'];
    row.className = 'spacer';
    row.setAttribute('aria-hidden', 'true');
    row.removeAttribute('aria-rowindex');
    row.removeAttribute('aria-selected');
  }
  row.style.height = `${height}px`;
}

function nameOfState(request: RequestRecord): string {
  const state = stateOf(request);
  if (state === 'done') return 'Done';
  if (state === 'failed') return request.error?.name ?? 'Failed';
  return state === 'running' ? 'Running' : phaseNames[state];
}
