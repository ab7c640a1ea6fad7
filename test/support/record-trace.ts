import type {TraceEvent, TraceListener, TraceSubject} from '../../src/index.ts';

/** The trace events that a listener of a session has received. */
export interface TraceRecord {
  readonly listener: TraceListener;
  readonly events: TraceEvent[];
  readonly subjects: TraceSubject[];
  /** The types of the events, in order; with `attempt`, those of one attempt. */
  types(attempt?: number): string[];
  of<Type extends TraceEvent['type']>(type: Type): Array<TraceEvent<Type>>;
}

export function recordTrace(): TraceRecord {
  const events: TraceEvent[] = [];
  const subjects: TraceSubject[] = [];
  return {
    listener: (event, subject) => {
      events.push(event);
      subjects.push(subject);
    },
    events,
    subjects,
    types: (attempt) =>
      events.filter((event) => attempt === undefined || event.attempt === attempt).map(({type}) => type),
    of: (type) => events.filter((event) => event.type === type) as never,
  };
}
