import {expect} from 'vitest';

/** For `toMatchObject`, which takes `{}` for any object: statistics of no host at all. */
export const noHosts: unknown = expect.toSatisfy(
  (hosts) => Object.keys(hosts as object).length === 0,
  'has no hosts',
);
