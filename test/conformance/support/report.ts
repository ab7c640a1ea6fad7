import type {ConformanceCase} from 'aiofetch/conformance';

/** The result of one case. */
export interface CaseReport {
  readonly topic: string;
  readonly name: string;
  readonly ms: number;
  /** The error of a failed case, with its stack; none if the case passed. */
  readonly error?: string | undefined;
}

/** Runs cases one after the other, since some count concurrent requests, and a browser allows few connections. */
export async function runCases(cases: readonly ConformanceCase[]): Promise<CaseReport[]> {
  const reports: CaseReport[] = [];
  for (const {topic, name, run} of cases) {
    const start = Date.now();
    let error: string | undefined;
    try {
      await run();
    } catch (thrown) {
      error = thrown instanceof Error ? describe(thrown) : String(thrown);
    }
    reports.push({topic, name, ms: Date.now() - start, error});
  }
  return reports;
}

function describe(error: Error): string {
  const {message, stack = ''} = error;
  // Some runtimes begin the stack with the message, and some leave the message out.
  return stack.includes(message) ? stack : `${error.name}: ${message}\n${stack}`;
}
