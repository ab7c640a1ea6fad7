import {UnsupportedOptionError} from 'aiofetch';
import {bunConnector} from 'aiofetch/bun';
import {denoConnector} from 'aiofetch/deno';
import {expect, it} from 'vitest';

// What they do where they belong is asserted there, by the conformance suite's entries.
it.each([
  ['denoConnector', denoConnector],
  ['bunConnector', bunConnector],
])('%s is refused in another runtime', (_name, create) => {
  expect(() => create()).toThrow(UnsupportedOptionError);
});
