import {afterAll, vi} from 'vitest';

// The set-up file of a project whose test files share processes (`isolate: false`): it gives each file the globals as the
// process began with them, whatever the file before has faked, spied on or replaced.

type Globals = Record<string, unknown>;

const names = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'Date',
  'fetch',
  'Headers',
  'Request',
  'Response',
  'FormData',
  'EventSource',
  'WebSocket',
] as const;

const key = Symbol.for('aiofetch.test.globals');
const globals = globalThis as unknown as Globals & {[key]?: Globals};
// A shared process evaluates this module again for every file, but the first file alone sees the originals.
globals[key] ??= Object.fromEntries(names.map((name) => [name, globals[name]]));
const originals = globals[key];

afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  // Restoring a spy on a fake timer puts the fake back: the clock comes after the spies, and the originals last.
  vi.useRealTimers();
  for (const name of names) globals[name] = originals[name];
});
