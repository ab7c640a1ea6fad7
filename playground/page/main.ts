import './styles/index.css';
import type {PresetName} from '../model/presets.ts';
import {presetNames, presetSettings} from '../model/presets.ts';
import type {RequestRecord} from '../model/run.ts';
import {sessionCode} from '../model/session-code.ts';
import type {Engine, Runtime, Settings} from '../model/settings.ts';
import {readAddress, writeAddress} from './address.ts';
import {createCodeView} from './code.ts';
import {createDetail} from './detail.ts';
import {byId, element, onChoice} from './dom.ts';
import {createForm} from './form.ts';
import type {Lane} from './lane.ts';
import {laneTime} from './lane.ts';
import {createProgress} from './progress.ts';
import {openBackend, runLanes} from './runner.ts';
import {createTable} from './table.ts';
import {createTheme} from './theme.ts';
import {createViews} from './views.ts';

const initial = readAddress(location.hash);
let runtime: Runtime = 'browser';
let lanes: readonly Lane[] = [];
let shownLane = 0;
let selected: number | undefined;
let stopping: AbortController | undefined;
let frame = 0;
let slowAt = 0;

const runButton = byId<HTMLButtonElement>('run');
const stopButton = byId<HTMLButtonElement>('stop');
const compare = byId<HTMLInputElement>('compare');
const preset = byId<HTMLSelectElement>('preset');
const problem = byId('problem');
const progress = createProgress(byId<HTMLProgressElement>('progress'), byId('announcement'));

const form = createForm(byId<HTMLFormElement>('settings'), initial, changed);
const code = createCodeView(progress.announce);
const table = createTable(byId('table'), open);
const detail = createDetail(byId('detail'), () => {
  select(undefined);
  table.focus();
});
const views = createViews({
  select: (lane, index) => openAt(lane, index),
  selected: (lane) => (lane === lanes[shownLane] ? selected : undefined),
  draw: scheduleFrame,
});

function changed(settings: Settings): void {
  preset.value = '';
  update(settings);
}

function update(settings: Settings): void {
  writeAddress(settings);
  code.show(sessionCode(settings, runtime));
}

function select(index: number | undefined): void {
  selected = index;
  views.invalidate();
}

function open(request: RequestRecord): void {
  const lane = lanes[shownLane];
  if (!lane) return;
  select(request.index);
  detail.show(request, lane.run, laneTime(lane));
}

function openAt(lane: Lane, index: number): void {
  showLane(lanes.indexOf(lane));
  table.select(index);
  const request = lane.run.requests[index];
  if (request) open(request);
}

function showLane(index: number): void {
  if (shownLane !== index) selected = undefined;
  shownLane = index;
  const input = byId('lane').querySelector<HTMLInputElement>(`input[value="${index}"]`);
  if (input) input.checked = true;
  table.show(lanes[index]);
  detail.clear();
}

function show(next: readonly Lane[]): void {
  lanes = next;
  selected = undefined;
  // On a narrow screen the settings are above the results and fill it.
  const results = byId('results');
  if (lanes.length > 0 && results.getBoundingClientRect().top > innerHeight / 2) results.scrollIntoView();
  byId('lane').hidden = lanes.length < 2;
  views.show(lanes);
  showLane(0);
}

function fail(error: unknown): void {
  problem.hidden = false;
  problem.textContent = error instanceof Error ? error.message : String(error);
}

const backend = openBackend();

async function start(): Promise<void> {
  const controller = new AbortController();
  stopping = controller;
  problem.hidden = true;
  runButton.disabled = true;
  stopButton.disabled = false;
  const engines: Engine[] = compare.checked ? ['session', 'fetch'] : ['session'];
  try {
    await runLanes(await backend, {
      settings: form.settings,
      runtime,
      engines,
      signal: controller.signal,
      show,
      draw: scheduleFrame,
    });
    progress.announceEnd(lanes, controller.signal.aborted);
  } catch (error) {
    fail(error);
  }
  stopping = undefined;
  scheduleFrame();
  runButton.disabled = false;
  const hadFocus = document.activeElement === stopButton;
  stopButton.disabled = true;
  if (hadFocus) runButton.focus();
}

// At most one frame is pending, and none while nothing changes.
function scheduleFrame(): void {
  if (frame === 0) frame = requestAnimationFrame(draw);
}

/** The interval of the drawings that cost more, in ms. */
const slowInterval = 200;

function draw(now: number): void {
  frame = 0;
  const isSlowTurn = now - slowAt >= slowInterval || !stopping;
  if (isSlowTurn) slowAt = now;
  views.render(isSlowTurn);
  if (isSlowTurn) table.render();
  progress.render(lanes);
  if (stopping) scheduleFrame();
}

runButton.addEventListener('click', () => void start());
stopButton.addEventListener('click', () =>
  stopping?.abort(new DOMException('The user stopped the run', 'AbortError')),
);
preset.append(
  element('option', {value: ''}, 'Your own'),
  ...presetNames.map((name) => element('option', {value: name}, name)),
);
preset.value = location.hash.length > 1 ? '' : 'A busy server';
preset.addEventListener('change', () => {
  if (preset.value === '') return;
  form.set(presetSettings(preset.value as PresetName));
  update(form.settings);
});
onChoice(byId('runtime'), (value) => {
  runtime = value as Runtime;
  form.setRuntime(runtime);
  update(form.settings);
});
onChoice(byId('lane'), (value) => showLane(Number(value)));
onChoice(byId('rows'), (value) => views.setFitting(value === 'fit'));
byId<HTMLInputElement>('failed-only').addEventListener('change', (event) =>
  table.setFailedOnly((event.target as HTMLInputElement).checked),
);
createTheme(byId('theme'), () => {
  views.setColours();
  scheduleFrame();
});
backend.then(({runOnNode}) => {
  if (runOnNode) return;
  const input = byId('runtime').querySelector<HTMLInputElement>('input[value="node"]');
  if (input) input.disabled = true;
  byId('runtime').title = 'The static site has no Node server';
}, fail);
form.setRuntime(runtime);
update(form.settings);
show([]);
scheduleFrame();
