// `node run-in-turn.ts FILE...` runs modules in one process, each after the end of the one before, and sends the parent an
// outcome for each. A process for each module would spend nearly all of its time on importing aiofetch.
import {mkdirSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {XmlHttpRequest} from '../../../examples/xhr-connector/xml-http-request.ts';
import type {Outcome} from './run-modules.ts';

const files = process.argv.slice(2);
const {fetch} = globalThis;
// A snippet sends with XMLHttpRequest, which Node doesn't have.
Object.assign(globalThis, {XMLHttpRequest: XmlHttpRequest});
let running: string | undefined;
let isEvaluated = false;
let failure: string | undefined;

function fail(error: unknown): void {
  failure ??= String((error as Error).stack ?? error);
}

/** Node emits `beforeExit` when nothing is left to wait for: a process of the module's own would end in that moment. */
function settle(): void {
  if (running === undefined) return;
  if (!isEvaluated) fail(new Error('A promise that it awaits never settles'));
  if (process.exitCode) fail(new Error(`It sets the exit code ${process.exitCode}`));
  process.send?.({file: running, failure} satisfies Outcome);
  process.exitCode = undefined;
  globalThis.fetch = fetch;
  start();
}

function start(): void {
  running = files.shift();
  failure = undefined;
  isEvaluated = false;
  if (running === undefined) return;
  // A folder of its own, since several modules write files of the same name.
  const folder = running.replace(/\.ts$/, '');
  mkdirSync(folder);
  process.env['TMPDIR'] = folder;
  // Node ends without another `beforeExit` where a module leaves the event loop nothing to do.
  setImmediate(() => undefined);
  void import(pathToFileURL(running).href).catch(fail).finally(() => {
    isEvaluated = true;
  });
}

process.on('uncaughtException', fail);
process.on('beforeExit', settle);
start();
