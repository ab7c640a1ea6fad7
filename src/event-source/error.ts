import type {ErrorDetails} from '../errors/base.ts';
import {AiofetchError, describe, nameClass} from '../errors/base.ts';

/** What answered is no stream of events: another status than 200, or another type than `text/event-stream`. */
export class EventSourceError extends AiofetchError {
  static {
    nameClass(this, 'EventSourceError');
  }

  constructor(message: string, details: ErrorDetails = {}) {
    super(message + describe(details.request), 'ERR_EVENT_SOURCE', 'receive', details);
  }
}
