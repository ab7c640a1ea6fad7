import type {ErrorDetails} from '../../errors/base.ts';
import {AiofetchError, nameClass} from '../../errors/base.ts';

/**
 * A request has no credentials, because a token source failed or a token endpoint refused the request for a token.
 * `cause` is the failure. Retry policies don't repeat the call: only the caller knows whether that could help.
 */
export class AuthError extends AiofetchError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'AuthError');
  declare readonly code: 'ERR_AUTH';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'ERR_AUTH', undefined, details);
  }
}
