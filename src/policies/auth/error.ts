import type {ErrorDetails} from '../../errors/base.ts';
import {nameClass, RequestError} from '../../errors/base.ts';

/**
 * The credentials for a request could not be got: a token source failed, or the token endpoint refused. `cause` is
 * what it failed with. Whether another attempt could help is for its caller to say: it is not retried.
 */
export interface AuthError extends RequestError {
  readonly code: 'ERR_AUTH';
}

type AuthErrorClass = new (message: string, details?: ErrorDetails) => AuthError;

// Wrapped in a call that bundlers may drop, rather than named in a static block, which they have to keep.
export const AuthError: AuthErrorClass = /* @__PURE__ */ nameClass(
  class extends RequestError {
    declare readonly code: 'ERR_AUTH';

    constructor(message: string, details: ErrorDetails = {}) {
      super(message, 'ERR_AUTH', undefined, details);
    }
  },
  'AuthError',
);
