import {createSession} from 'aiofetch';
import {pollDesk} from '../poll.ts';
import {carryOut} from '../work.ts';

const session = createSession();

await pollDesk(location.origin, async (work) => {
  const start = performance.now();
  await carryOut(work, session.fetch);
  return {seconds: (performance.now() - start) / 1e3};
});
