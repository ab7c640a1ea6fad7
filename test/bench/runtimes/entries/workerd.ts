import {createSession} from 'aiofetch';
import type {Told} from '../work.ts';
import {carryOut} from '../work.ts';

const session = createSession();

export default {
  /** Carries out the work of a request. The clock of a worker stands still in between, so the harness measures. */
  async fetch(request: Request): Promise<Response> {
    let told: Told = {};
    try {
      await carryOut(await request.json(), session.fetch);
    } catch (error) {
      told = {error: String(error)};
    }
    return Response.json(told);
  },
};
