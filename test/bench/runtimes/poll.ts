import type {Told, Work} from './work.ts';

/**
 * Fetches the work from the desk, piece by piece, and tells it what each took. Goes on until the process is
 * ended: rejects when the desk is gone.
 */
export async function pollDesk(desk: string, measure: (work: Work) => Promise<Told>): Promise<never> {
  // The first request has nothing to tell.
  let told: Told | null = null;
  for (;;) {
    const response = await fetch(`${desk}/next`, {method: 'POST', body: JSON.stringify(told)});
    const work = (await response.json()) as Work;
    told = await measure(work).catch((error): Told => ({error: String(error)}));
  }
}
