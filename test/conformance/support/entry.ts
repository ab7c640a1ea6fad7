import {createSession} from 'aiofetch';
import type {ConformanceCase, ConformanceServerAddress, ConformanceTarget} from 'aiofetch/conformance';
import {ConformanceError, conformanceCases} from 'aiofetch/conformance';
import type {OptionsAddress} from './options-server.ts';
import type {CaseReport} from './report.ts';
import {runCases} from './report.ts';

/** What an entry is told by the runner. */
export interface EntryConfig {
  readonly server: ConformanceServerAddress;
  /** For what only this runtime's connector takes. */
  readonly options: OptionsAddress;
  /** The connector that a session has to get in this runtime when it is given none; not asked for when left out. */
  readonly defaultConnector?: string | undefined;
  /** Where the report goes; none when it is what the entry answers. */
  readonly reportTo?: string | undefined;
}

/** Runs the suite in the runtime that this is called in, and sends the report. */
export function runEntry(
  config: EntryConfig,
  target: Omit<ConformanceTarget, 'server'>,
): Promise<CaseReport[]> {
  const {server, defaultConnector} = config;
  const cases = conformanceCases({...target, server});
  if (defaultConnector !== undefined) {
    cases.push({
      topic: 'default',
      name: `a session gets the connector ${defaultConnector}`,
      run: () => checkDefault(defaultConnector),
    });
  }
  return runAndReport(config, cases);
}

/** The same for other cases than the suite's. */
export async function runAndReport(
  {reportTo}: EntryConfig,
  cases: readonly ConformanceCase[],
): Promise<CaseReport[]> {
  const reports = await runCases(cases);
  if (reportTo !== undefined) await fetch(reportTo, {method: 'POST', body: JSON.stringify(reports)});
  return reports;
}

async function checkDefault(expected: string): Promise<void> {
  const session = createSession();
  const {connector} = session.stats();
  await session.close();
  if (connector !== expected) throw new ConformanceError(`It gets ${connector}`);
}
