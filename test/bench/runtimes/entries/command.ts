import {createSession} from 'aiofetch';
import {fetchConnector} from 'aiofetch/fetch';
import {pollDesk} from '../poll.ts';
import {carryOut} from '../work.ts';

// On Node, the connector for fetch is what other clients on Node's fetch are compared with. Deno and Bun have their own.
const isNode = !('Deno' in globalThis || 'Bun' in globalThis);
const session = isNode ? createSession({connector: fetchConnector()}) : createSession();

await pollDesk(process.argv[2] as string, async (work) => {
  const start = performance.now();
  const before = process.cpuUsage();
  await carryOut(work, session.fetch);
  const {user, system} = process.cpuUsage(before);
  return {seconds: (performance.now() - start) / 1e3, cpu: (user + system) / 1e6};
});
