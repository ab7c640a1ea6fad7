import {circuitBreakerPolicy, createSession, UnsupportedOptionError} from 'aiofetch';
import {bunConnector} from 'aiofetch/bun';
import {denoConnector} from 'aiofetch/deno';
import {expect, it, onTestFinished, vi} from 'vitest';

// The conformance suite tests these connectors in their own runtimes.
it.each([
  ['denoConnector', denoConnector],
  ['bunConnector', bunConnector],
])('%s is refused in another runtime', (_name, create) => {
  expect(() => create()).toThrow(UnsupportedOptionError);
});

it.each(['NotCapable', 'PermissionDenied'])(
  'Deno’s %s is passed on, is not retried, and opens no circuit breaker',
  async (name) => {
    onTestFinished(() => void vi.unstubAllGlobals());
    const denied = Object.assign(new Error('Requires net access to "a.test:80"'), {name});
    const fetch = vi.fn(() => Promise.reject(denied));
    vi.stubGlobal('Deno', {createHttpClient: () => ({close() {}})});
    vi.stubGlobal('fetch', fetch);
    await using connector = denoConnector();
    await using session = createSession({connector, policies: [circuitBreakerPolicy({minimum: 2})]});
    for (let call = 1; call <= 4; call++) {
      await expect(session.get('http://a.test/').text()).rejects.toBe(denied);
      expect(fetch).toHaveBeenCalledTimes(call);
    }
  },
);
