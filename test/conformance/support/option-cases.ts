import type {Connector} from 'aiofetch';
import {AiofetchError, createSession} from 'aiofetch';
import type {ConformanceCase} from 'aiofetch/conformance';
import {ConformanceError} from 'aiofetch/conformance';
import type {OptionsAnswer} from './options-server.ts';

/** Sends a request over the connector of a case, and gives the answer of the server. */
type Ask = (url: string) => Promise<OptionsAnswer>;

/** A case about the options of one connector. */
export function optionCase(
  name: string,
  create: () => Connector,
  look: (ask: Ask, connector: Connector) => Promise<void>,
): ConformanceCase {
  return {
    topic: 'options',
    name,
    async run() {
      const connector = create();
      await using session = createSession({connector, timeout: 5_000});
      try {
        await look((url) => session.get(url).json<OptionsAnswer>(), connector);
      } finally {
        await connector.destroy();
      }
    },
  };
}

/** A case about options that the connector has to refuse. */
export function refusalCase(
  name: string,
  create: () => Connector,
  error: string,
  option: string,
): ConformanceCase {
  return {
    topic: 'options',
    name,
    async run() {
      let thrown: unknown;
      try {
        await create().close();
      } catch (caught) {
        thrown = caught;
      }
      check(thrown instanceof AiofetchError, `an AiofetchError, not ${thrown}`);
      const {name: errorName, option: errorOption, message} = thrown as Error & {option?: string};
      check(errorName === error, `${error}, not ${errorName}`);
      check(errorOption === option, `the option ${option}, not ${errorOption}`);
      check(!message.includes('secret'), `no secret in ${message}`);
    },
  };
}

export function check(condition: boolean, what: string): void {
  if (!condition) throw new ConformanceError(`Expected ${what}`);
}

/** Gives the error that `promise` rejects with, which has to be an `AiofetchError` of that name. */
export async function rejects(promise: Promise<unknown>, name: string): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    check(error instanceof AiofetchError, `an AiofetchError, not ${error}`);
    check((error as Error).name === name, `${name}, not ${error}`);
    return error as Error;
  }
  throw new ConformanceError('Expected it to reject');
}
