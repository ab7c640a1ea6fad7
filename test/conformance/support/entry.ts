import {createSession} from 'aiofetch';
import type {ConformanceCase, ConformanceServerAddress, ConformanceTarget} from 'aiofetch/conformance';
import {ConformanceError, conformanceCases} from 'aiofetch/conformance';
import type {OptionsAddress} from './options-server.ts';
import type {CaseReport} from './report.ts';
import {runCases} from './report.ts';

/** The configuration of an entry. */
export interface EntryConfig {
  readonly server: ConformanceServerAddress;
  /** Servers for the options that only this runtime's connector has. */
  readonly options: OptionsAddress;
  /** The connector that a session has by default in this runtime. Without it, the default is not checked. */
  readonly defaultConnector?: string | undefined;
  /** The address for the report. Without it, the caller of the entry takes the report. */
  readonly reportTo?: string | undefined;
}

/** Runs the suite and the cases of this runtime alone, and sends the report. */
export function runEntry(
  config: EntryConfig,
  target: Omit<ConformanceTarget, 'server'>,
  own: readonly ConformanceCase[] = [],
): Promise<CaseReport[]> {
  const {server, defaultConnector} = config;
  const cases = conformanceCases({...target, server});
  cases.push({
    topic: 'responses',
    name: 'response.headers can be changed only where the runtime’s own fetch lets them be',
    run: () => checkHeaders(server, target),
  });
  if (defaultConnector !== undefined) {
    cases.push({
      topic: 'default',
      name: `a session without a connector gets the connector ${defaultConnector}`,
      run: () => checkDefault(defaultConnector),
    });
  }
  return runAndReport(config, [...cases, ...own]);
}

/** Runs cases in the current runtime, and sends the report. */
export async function runAndReport(
  {reportTo}: EntryConfig,
  cases: readonly ConformanceCase[],
): Promise<CaseReport[]> {
  const reports = await runCases(cases);
  if (reportTo !== undefined) await fetch(reportTo, {method: 'POST', body: JSON.stringify(reports)});
  return reports;
}

async function checkHeaders(
  {control}: ConformanceServerAddress,
  {createConnector}: Omit<ConformanceTarget, 'server'>,
): Promise<void> {
  const isMutable = (response: Response) => {
    try {
      response.headers.set('x-own', '1');
      return true;
    } catch {
      return false;
    }
  };
  const connector = createConnector();
  const session = createSession({connector, retry: false});
  const url = `${control}/room?room=${crypto.randomUUID()}`;
  const [ours, own] = await Promise.all([session.fetch(url), fetch(url)]);
  const [isOurs, isOwn] = [isMutable(ours), isMutable(own)];
  await Promise.all([ours.text(), own.text()]);
  await session.close();
  await connector.destroy();
  if (isOurs !== isOwn) throw new ConformanceError(`Ours can be changed: ${isOurs}; the runtime's: ${isOwn}`);
}

async function checkDefault(expected: string): Promise<void> {
  const session = createSession();
  const {connector} = session.stats();
  await session.close();
  if (connector !== expected) throw new ConformanceError(`The session got the connector ${connector}`);
}
