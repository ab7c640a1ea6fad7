import type {Told, Work} from './work.ts';

/** Fetches the work from the desk, piece by piece, and tells it what each took. Ends when there is no more. */
export async function pollDesk(desk: string, measure: (work: Work) => Promise<Told>): Promise<void> {
  let told: Told | undefined;
  for (;;) {
    const response = await fetch(`${desk}/next`, {method: 'POST', body: JSON.stringify(told ?? {})});
    const work = (await response.json()) as Work | null;
    if (!work) return;
    told = await measure(work).catch((error): Told => ({error: String(error)}));
  }
}
