import {fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import type {RateLimit} from 'aiofetch';
import {onTestFinished} from 'vitest';

export interface ClientOptions extends Pick<RateLimit, 'whenStoreFails' | 'storeTimeout'> {
  readonly name: string;
  readonly redisPort: number;
  readonly url: string;
  readonly quota: {readonly requests: number; readonly per: number};
}

/** A command to a client: wait for the connection to Redis, or send so many requests at once. */
export interface Command {
  readonly connect?: boolean;
  readonly send?: number;
}

export interface Outcome {
  readonly status?: number;
  /** The name of the error. */
  readonly error?: string;
  readonly cause?: string;
}

export interface Report {
  readonly outcomes: readonly Outcome[];
}

/** A client in a process of its own. It takes one command at a time. */
export interface Client {
  readonly pid: number;
  send(count: number): Promise<readonly Outcome[]>;
  /** Waits until the client is connected to Redis again. */
  connected(): Promise<void>;
}

const script = fileURLToPath(new URL('client.ts', import.meta.url));

/** Starts a client that is connected to its Redis, and ends with the test. */
export async function startClient(options: ClientOptions): Promise<Client> {
  const child = fork(script, [JSON.stringify(options)], {
    execArgv: ['--conditions=@aiofetch/source', '--disable-warning=ExperimentalWarning'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const gone = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`Client ${options.name} ended with ${code ?? signal}`);
  });
  // Every client ends with its test, when nobody waits for this promise.
  gone.catch(() => undefined);

  async function tell(command: Command): Promise<Report> {
    const answer = once(child, 'message') as Promise<[Report]>;
    child.send(command);
    const [report] = await Promise.race([answer, gone]);
    return report;
  }

  const client: Client = {
    pid: child.pid as number,
    send: async (count) => (await tell({send: count})).outcomes,
    connected: async () => {
      await tell({connect: true});
    },
  };
  await client.connected();
  return client;
}
