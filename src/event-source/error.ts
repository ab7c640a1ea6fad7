import type {ErrorDetails} from '../errors/base.ts';
import {nameClass, RequestError} from '../errors/base.ts';

/** What answered is no stream of events: another status than 200, or another type than `text/event-stream`. */
export class EventSourceError extends RequestError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'EventSourceError');

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'ERR_EVENT_SOURCE', 'receive', details);
  }
}
