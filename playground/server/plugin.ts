import type {Plugin} from 'vite';
import {answerApi} from './api.ts';
import type {Runs} from './runs.ts';

/** The embedded server, as a plug-in of Vite's dev server. */
export function playgroundServer(runs: Runs): Plugin {
  return {
    name: 'playground-server',
    apply: 'serve',
    configureServer(server) {
      const {close} = server;
      server.close = async () => {
        await runs.close();
        await close.call(server);
      };
      server.middlewares.use((request, response, next) => {
        answerApi(runs, request, response).then((isAnswered) => isAnswered || next(), next);
      });
    },
  };
}
