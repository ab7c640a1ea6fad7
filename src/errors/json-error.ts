import type {AiofetchErrorMembers, ErrorDetails, Phase, RedactedRequest} from './base.ts';
import {decorate, describe, errorToJson, nameClass} from './base.ts';

/**
 * The body of a response is not JSON, or is empty. It is a `SyntaxError` as well, as the error of built-in `fetch` is. Neither
 * its message nor a `cause` shows a piece of the body, which the engine's own error does.
 */
export class JsonError extends SyntaxError implements AiofetchErrorMembers {
  declare readonly code: string;
  declare readonly phase: Phase | undefined;
  declare readonly attempts: number;
  declare readonly request: RedactedRequest | undefined;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'JsonError');

  constructor(details: Omit<ErrorDetails, 'cause'> = {}) {
    super(`The body of the response is not JSON${describe(details.request)}`);
    decorate(this, 'ERR_JSON', 'receive', details);
  }

  /** Returns the members that `JSON.stringify` shows: name, message, code, phase, attempts and request. */
  toJSON(): Record<string, unknown> {
    return errorToJson(this);
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
  return error instanceof SyntaxError ? new JsonError({request}) : error;
}
