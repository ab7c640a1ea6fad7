import type {PolicyDefinition} from '../../../../src/index.ts';
import {InvalidOptionError} from '../../../../src/index.ts';

/** A policy with a call option of its own. No other file declares that option. */
export const tenantPolicy: PolicyDefinition<{readonly tenant?: string | undefined}> = {
  name: 'tenant',
  callOptions: {
    tenant(value) {
      if (!/^\w+$/.test(value)) throw new InvalidOptionError('tenant', value, 'letters, digits and "_"');
      return value.toLowerCase();
    },
  },
  rejectsOnAbort: true,
  wrap: (next) => (request) => {
    const {tenant} = request.options;
    if (typeof tenant === 'string') request.headers.set('x-tenant', tenant);
    return next(request);
  },
};
