import type {ErrorRecord} from '../model/events.ts';
import {phaseNames} from '../model/events.ts';
import type {RequestRecord, Run} from '../model/run.ts';
import {durationOf} from '../model/run.ts';
import {element} from './dom.ts';
import {formatBytes, formatHost, formatTime, nothing} from './format.ts';

export interface Detail {
  show(request: RequestRecord, run: Run, now: number): void;
  clear(): void;
  readonly isOpen: boolean;
}

/** One request in detail. `closed` is called when the user closes it, with its button or Escape. */
export function createDetail(root: HTMLElement, closed: () => void): Detail {
  let isOpen = false;

  function clear(): void {
    isOpen = false;
    root.replaceChildren(
      element('p', {class: 'empty'}, 'Choose a request to see its attempts and its error'),
    );
  }

  function close(): void {
    clear();
    closed();
  }

  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && isOpen) close();
  });
  clear();

  return {
    get isOpen() {
      return isOpen;
    },
    clear,
    show(request, run, now) {
      isOpen = true;
      const button = element('button', {type: 'button', 'aria-label': 'Close'}, '✕');
      button.addEventListener('click', close);
      const title = element('h3', {tabindex: -1}, `Request ${request.index}`);
      root.replaceChildren(
        element('header', {}, title, button),
        facts([
          ['Host', formatHost(run.hosts[request.host] ?? '')],
          ['Status', String(request.status ?? nothing)],
          ['Began', formatTime(request.start)],
          ['Took', formatTime(durationOf(request, now))],
          ['Body', formatBytes(request.bytes)],
        ]),
        ...phaseList(request, now),
        ...attemptList(request),
        ...(request.error ? [element('h4', {}, 'Error'), errorBlock(request.error)] : []),
      );
      title.focus();
    },
  };
}

function facts(pairs: ReadonlyArray<readonly [name: string, value: string]>): HTMLElement {
  return element(
    'dl',
    {class: 'facts'},
    ...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
  );
}

function phaseList({spans, start}: RequestRecord, now: number): HTMLElement[] {
  if (spans.length === 0) return [];
  const items = spans.map(({phase, attempt, start: from, end = now}) =>
    element(
      'li',
      {},
      element('i', {style: `background: var(--${phase})`, 'aria-hidden': 'true'}),
      element('span', {}, `${phaseNames[phase]}${attempt > 1 ? `, attempt ${attempt}` : ''}`),
      element('span', {class: 'number'}, `+${formatTime(from - start)}`),
      element('span', {class: 'number'}, formatTime(end - from)),
    ),
  );
  return [element('h4', {}, 'Phases'), element('ol', {class: 'phases'}, ...items)];
}

function attemptList({attempts}: RequestRecord): HTMLElement[] {
  if (attempts.length === 0) return [];
  const items = attempts.map(({attempt, status, error, reused, resent, isSent}) => {
    const parts = [
      `Attempt ${attempt}:`,
      status === undefined
        ? (error ?? (isSent ? 'no response' : 'never sent'))
        : `status ${status}${error ? `, then ${error}` : ''}`,
      reused === undefined ? '' : reused ? '· reused connection' : '· new connection',
      resent ? `· sent again ${resent === 1 ? 'once' : `${resent} times`}` : '',
    ];
    return element('li', {}, parts.filter(Boolean).join(' '));
  });
  return [element('h4', {}, 'Attempts'), element('ol', {class: 'attempts'}, ...items)];
}

function errorBlock({name, message, details, stack, cause}: ErrorRecord): HTMLElement {
  const members = Object.entries(details).map(
    ([member, value]) => [member, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  return element(
    'div',
    {class: 'error'},
    element('p', {class: 'message'}, element('strong', {}, name), ` ${message}`),
    members.length > 0 ? facts(members) : undefined,
    stack === undefined
      ? undefined
      : element('details', {}, element('summary', {}, 'Stack'), element('pre', {tabindex: 0}, stack)),
    cause ? element('h5', {}, 'Cause') : undefined,
    cause ? errorBlock(cause) : undefined,
  );
}
