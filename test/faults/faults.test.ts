import {describe, expect, it} from 'vitest';
import {createSession} from '../../src/index.ts';
import {heapUsed} from '../support/heap.ts';
import {runCampaign, showScenario} from './support/campaign.ts';
import {createDraw} from './support/draw.ts';
import type {Transport} from './support/hostile-server.ts';
import {startHostileServer, transports} from './support/hostile-server.ts';

// A hostile server plays every event, truncation and size at every step, against calls of every kind. What happens is drawn
// from a seed and the number of the scenario:
//
//   npx vitest run test/faults                          draws a seed, and prints it
//   AIOFETCH_FAULTS=7 npx vitest run test/faults        takes the seed 7
//   AIOFETCH_FAULTS=7:123 npx vitest run test/faults    plays the scenario 123 of the seed 7 alone, and prints what happened
//
// A scenario draws the same bytes and moments in every run. The order in which the event loop reports things may differ: a
// scenario that fails seldom is played again in a loop, or beside the scenarios that it failed among.

const [given, chosen] = (process.env['AIOFETCH_FAULTS'] ?? '').split(':');
const seed = given ? Number(given) : Math.floor(Math.random() * 1e9);

/** How many scenarios each transport gets. A handshake of TLS takes as long as several calls. */
const counts: Readonly<Record<Transport, number>> = {tcp: 2_000, tls: 600, http2: 600};
/** How much the heap may grow over all scenarios of a transport, in bytes. One response that is kept for each would be more. */
const growth = 24 * 1024 * 1024;

/** The numbers of scenarios over a transport. */
function numbersOf(transport: Transport, from: number, to: number): number[] {
  const {length} = transports;
  return Array.from(
    {length: to - from},
    (_, index) => (from + index) * length + transports.indexOf(transport),
  );
}

async function expectSound(numbers: readonly number[]): Promise<Readonly<Record<string, number>>> {
  const {failed, strays, ends} = await runCampaign({seed, numbers});
  expect(
    failed
      .slice(0, 5)
      .map((result) => showScenario(seed, result))
      .join('\n\n'),
  ).toBe('');
  expect(strays).toEqual([]);
  return ends;
}

/** The process goes on: a call to a server without malice gets its answer. */
async function expectAnswer(): Promise<void> {
  const server = await startHostileServer('tcp', createDraw(seed), {
    isBounded: true,
    malice: 0,
    log: () => {},
  });
  await using session = createSession();
  expect(await session.get(server.origin).text()).toBe('fine');
}

describe.runIf(chosen === undefined)(`scenarios of the seed ${seed}`, () => {
  it.each(transports)(
    'over %s, each call settles once and typed, and leaves no slot, socket, rejection or memory',
    async (transport) => {
      const count = counts[transport];
      console.info(`Faults over ${transport}: AIOFETCH_FAULTS=${seed}`);
      // The first scenarios load what is loaded once.
      const first = Math.floor(count / 10);
      await expectSound(numbersOf(transport, 0, first));
      const before = heapUsed();
      const ends = await expectSound(numbersOf(transport, first, count));
      expect(heapUsed() - before).toBeLessThan(growth);
      // The scenarios are of all kinds, also on a machine so busy that many calls run into their timeouts.
      expect(ends['200']).toBeGreaterThan(count / 100);
      expect(ends['aborted']).toBeGreaterThan(count / 50);
      expect(Object.keys(ends).length).toBeGreaterThan(15);
      await expectAnswer();
    },
    600_000,
  );
});

it.runIf(chosen !== undefined)(`the scenario ${chosen} of the seed ${seed}`, async () => {
  const {playScenario} = await import('./support/scenario.ts');
  const result = await playScenario(seed, Number(chosen));
  console.info(showScenario(seed, result));
  expect(result.faults).toEqual([]);
});
