import {expect} from 'vitest';

/** Statistics without any host. For `toMatchObject`, which matches every object with `{}`. */
export const noHosts: unknown = expect.toSatisfy(
  (hosts) => Object.keys(hosts as object).length === 0,
  'has no hosts',
);
