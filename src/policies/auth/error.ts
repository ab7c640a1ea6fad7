import type {ErrorDetails} from '../../errors/base.ts';
import {nameClass, RequestError} from '../../errors/base.ts';

/**
 * The credentials for a request could not be got: a token source failed, or the token endpoint refused. `cause` is
 * what it failed with. Whether another attempt could help is for its caller to say: it is not retried.
 */
export class AuthError extends RequestError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'AuthError');
  declare readonly code: 'ERR_AUTH';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'ERR_AUTH', undefined, details);
  }
}
