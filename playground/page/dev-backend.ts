import {createSession, HTTPError, iterNdjson} from 'aiofetch';
import type {RunEvent} from '../model/events.ts';
import type {LogSummary} from '../model/server-log.ts';
import type {Target} from '../model/target.ts';
import type {Backend} from './backend.ts';

/** The dev server, requested through a session of its own. */
export function createDevBackend(): Backend {
  const session = createSession({baseUrl: '/api/', retry: false, timeout: {read: false}});
  return {
    createRun: (settings) => session.post('runs', {json: settings}).json<Target>(),
    summary: (id) => session.get(`runs/${id}`).json<LogSummary>(),
    async runOnNode(id, engine, signal, emit) {
      const path = `runs/${id}/${engine}`;
      // The server ends the run and then the stream, so that the last events arrive too.
      const stop = () => void session.delete(path).catch(() => {});
      signal.addEventListener('abort', stop, {once: true});
      try {
        const events = iterNdjson<RunEvent>(session.post(path));
        for await (const event of events) emit(event);
      } catch (error) {
        // The server's message says what is wrong with the settings.
        if (error instanceof HTTPError) throw new Error((error.data as {message: string}).message);
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
