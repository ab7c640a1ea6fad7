import {realpathSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {installed} from './support/binaries.ts';
import {runRuntimes} from './support/run.ts';
import {runtimes} from './support/runtimes.ts';

// Runs before the tests are registered, since each case in each runtime is a test.
const reports = await runRuntimes(runtimes);

describe('npm', () => {
  it('npm installs the Node that the scripts run on', () => {
    if (installed.node24 === undefined) return;
    // Several packages have a `bin/node`. After `npm install` the last one written wins; after `npm ci` it is this one.
    expect(realpathSync(process.execPath)).toBe(realpathSync(installed.node24));
  });
});

for (const {name, isDemanded, binary} of runtimes) {
  if (isDemanded && binary === undefined) it(`${name} is installed`, () => expect.unreachable());
}

for (const {name, version, connector, cases, failure} of reports) {
  describe(`${name} ${version}, ${connector} connector`, () => {
    it('the runtime runs the suite to its end', () => {
      if (failure !== undefined) throw new Error(failure);
    });
    for (const {topic, name: caseName, error} of cases) {
      it(`${topic}: ${caseName}`, ({task}) => {
        task.meta.runtime = {name, version, connector};
        if (error !== undefined) throw failed(error);
      });
    }
  });
}

/** Makes an error with the message and the stack that it had in the runtime. */
function failed(text: string): Error {
  const [message = '', ...stack] = text.split('\n');
  const error = new Error(message);
  error.stack = [message, ...stack].join('\n');
  return error;
}
