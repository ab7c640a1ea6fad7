import type {ErrorDetails, RedactedRequest} from './base.ts';
import {nameClass, typedError} from './base.ts';

/**
 * The body of a response is not JSON, or is empty. It is a `SyntaxError` as well, as the error of built-in `fetch` is. Neither
 * its message nor a `cause` shows a piece of the body, which the engine's own error does.
 */
export class JsonError extends /* @__PURE__ */ typedError(SyntaxError) {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'JsonError');

  constructor(details: Omit<ErrorDetails, 'cause'> = {}) {
    super('The body is not JSON', 'ERR_JSON', 'receive', {...details, cause: undefined});
  }
}

/** @throws JsonError when the text is not JSON */
export function parseJson(text: string, request: RedactedRequest): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonError({request});
  }
}

/** Turns the SyntaxError of a JSON parser, which shows a piece of the body, into a {@link JsonError}. */
export function toJsonError(error: unknown, request?: RedactedRequest): unknown {
  // In WebKit it is a DOMException of that name.
  return Object(error).name === 'SyntaxError' ? new JsonError({request}) : error;
}
