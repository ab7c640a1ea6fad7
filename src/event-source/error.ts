import type {ErrorDetails} from '../errors/base.ts';
import {AiofetchError, nameClass} from '../errors/base.ts';

/** A response is not a stream of events: its status is not 200, or its media type is not `text/event-stream`. */
export class EventSourceError extends AiofetchError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'EventSourceError');

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'ERR_EVENT_SOURCE', 'receive', details);
  }
}
