import type {ErrorDetails} from '../../errors/base.ts';
import {AiofetchError, nameClass} from '../../errors/base.ts';

/** The store of a jar failed to read or to save the cookies. `cause` is the failure. */
export class CookieStoreError extends AiofetchError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'CookieStoreError');
  declare readonly code: 'ERR_COOKIE_STORE';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'ERR_COOKIE_STORE', undefined, details);
  }
}
