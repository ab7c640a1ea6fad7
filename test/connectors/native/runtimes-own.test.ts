import {UnsupportedOptionError} from 'aiofetch';
import {bunConnector} from 'aiofetch/bun';
import {denoConnector} from 'aiofetch/deno';
import {expect, it} from 'vitest';

// The conformance suite tests these connectors in their own runtimes.
it.each([
  ['denoConnector', denoConnector],
  ['bunConnector', bunConnector],
])('%s is refused in another runtime', (_name, create) => {
  expect(() => create()).toThrow(UnsupportedOptionError);
});
