import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {LineProcess} from './line-process.ts';
import {nodePeers, pythonPeers} from './peers/index.ts';
import type {
  Answer,
  ClientReady,
  Command,
  LoadCommand,
  PeerCommand,
  Sample,
  ServerReady,
} from './protocol.ts';
import type {Row} from './report.ts';

const serverFile = fileURLToPath(new URL('./server.ts', import.meta.url));
const clientFile = fileURLToPath(new URL('./client.ts', import.meta.url));
const pythonFile = fileURLToPath(new URL('./peers/python.py', import.meta.url));

export interface Settings {
  readonly rounds: number;
  /** How long a client runs in a round before it is measured (`ramp`), and how long it is measured (`window`), in ms. */
  readonly ramp: number;
  readonly window: number;
  /** How long a client runs without being measured before its first measurement of an operation, in ms. */
  readonly warmUp: number;
  /** Rounds of the cases whose rounds take seconds. */
  readonly longRounds: number;
  /** Starts of a process of each client. */
  readonly starts: number;
  /** The size of a large body, in bytes. */
  readonly transfer: number;
  /** Requests that are queued at once: over many hosts (`hostsQueued`), and to one host (`longQueue`). */
  readonly hostsQueued: number;
  readonly longQueue: number;
  /** Connections that each client may have. */
  readonly connections: number;
}

export const fullSettings: Settings = {
  rounds: 7,
  ramp: 30,
  window: 140,
  warmUp: 800,
  longRounds: 3,
  starts: 9,
  transfer: 2 ** 30,
  hostsQueued: 10_000,
  longQueue: 100_000,
  connections: 64,
};

export const quickSettings: Settings = {
  rounds: 3,
  ramp: 15,
  window: 60,
  warmUp: 400,
  longRounds: 1,
  starts: 3,
  transfer: 2 ** 26,
  hostsQueued: 1_000,
  longQueue: 10_000,
  connections: 64,
};

/** A client in its process. */
export interface Worker {
  readonly label: string;
  /** The operations that it has run often enough to be at full speed. */
  readonly warm: Set<string>;
  measure(command: Command): Promise<Sample>;
  stop(): Promise<void>;
}

/** Everything that a case needs: the server, the processes of the clients, and the settings. */
export class Bench {
  readonly settings: Settings;
  readonly server: ServerReady;
  /** Packages that took part, with their versions. */
  readonly versions = new Set<string>();
  /** The clients that could not take part, with the reasons. */
  readonly notes = new Set<string>();

  readonly #serverProcess: LineProcess;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #progress: (text: string) => void;
  readonly #workers = new Map<string, Promise<Worker | undefined>>();
  /** The process that the clients in Node share where only their rate and their CPU are measured. */
  #shared: LineProcess | undefined = undefined;
  readonly #running = new Set<LineProcess>();

  private constructor(
    settings: Settings,
    serverProcess: LineProcess,
    server: ServerReady,
    wanted: ReadonlySet<string> | undefined,
    progress: (text: string) => void,
  ) {
    this.settings = settings;
    this.server = server;
    this.#serverProcess = serverProcess;
    this.#wanted = wanted;
    this.#progress = progress;
  }

  static async start(
    settings: Settings,
    wanted: ReadonlySet<string> | undefined,
    progress: (text: string) => void,
  ): Promise<Bench> {
    const serverProcess = new LineProcess(process.execPath, [serverFile]);
    const server = await serverProcess.read<ServerReady>();
    return new Bench(settings, serverProcess, server, wanted, progress);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running, this.#serverProcess].map((child) => child.stop()));
  }

  /** Whether a client was asked for, or all were. */
  takesPart(name: string): boolean {
    return this.#wanted?.has(name) ?? true;
  }

  /** A client, kept from case to case; `undefined` when it can't or must not take part. Those in Node share a process. */
  worker(name: string): Promise<Worker | undefined> {
    let worker = this.#workers.get(name);
    if (!worker) {
      this.#shared ??= this.#startClients();
      worker = this.#join(name, this.#shared);
      this.#workers.set(name, worker);
    }
    return worker;
  }

  /** A client in a new process of its own. */
  freshWorker(name: string): Promise<Worker | undefined> {
    return this.#join(name, undefined);
  }

  #startClients(): LineProcess {
    const connections = String(this.settings.connections);
    const child = new LineProcess(process.execPath, ['--expose-gc', clientFile, connections], {
      NODE_EXTRA_CA_CERTS: this.server.authority,
    });
    this.#running.add(child);
    return child;
  }

  #startPython(name: string): LineProcess {
    const child = new LineProcess('python3', [pythonFile, name, String(this.settings.connections)]);
    this.#running.add(child);
    return child;
  }

  async #stop(child: LineProcess): Promise<void> {
    this.#running.delete(child);
    await child.stop();
  }

  async #join(name: string, shared: LineProcess | undefined): Promise<Worker | undefined> {
    if (!this.takesPart(name)) return undefined;
    const isPython = pythonPeers.includes(name);
    const child = isPython ? this.#startPython(name) : (shared ?? this.#startClients());
    const isOwn = child !== shared;
    let ready: ClientReady | {readonly error: string};
    try {
      const load: LoadCommand = {task: 'load', peer: name};
      ready = isPython ? await child.read<ClientReady>() : await child.ask<ClientReady>(load);
    } catch (error) {
      if (!isPython) throw new Error(`${name}: ${(error as Error).message}`, {cause: error});
      ready = {unavailable: `python3 ${(error as Error).message}`};
    }
    if ('error' in ready) throw new Error(`${name}: ${ready.error}`);
    if (ready.unavailable !== undefined) {
      this.notes.add(`${name} is left out: ${ready.unavailable}`);
      if (isOwn) await this.#stop(child);
      return undefined;
    }
    if (ready.version) this.versions.add(ready.version);
    return {
      label: name,
      warm: new Set(),
      measure: async (command) => {
        const before = this.#serverTimes();
        const start = performance.now();
        const answer = await child.ask<Answer>({...command, peer: name} satisfies PeerCommand);
        if ('error' in answer) throw new Error(answer.error);
        const elapsed = performance.now() - start;
        const after = this.#serverTimes();
        const loads = after.map((time, index) => (time - (before[index] as number)) / elapsed);
        return {...answer, serverLoad: Math.max(...loads)};
      },
      stop: async () => {
        if (isOwn) await this.#stop(child);
      },
    };
  }

  /** One measurement in a new process, after a warm-up that isn't counted. */
  async once(name: string, command: Command, warmUp?: Command): Promise<Sample | undefined> {
    const worker = await this.freshWorker(name);
    if (!worker) return undefined;
    try {
      if (warmUp) await worker.measure(warmUp);
      return await worker.measure(command);
    } finally {
      await worker.stop();
    }
  }

  /**
   * Runs rounds of all `turns`, one turn after another within each round: A B C A B C. A turn that fails is left out of
   * all rounds, with a note.
   */
  async interleave(title: string, rounds: number, turns: readonly Turn[]): Promise<Row[]> {
    const rows = turns.map(({label}) => ({label, samples: [] as Sample[]}));
    const missing = new Set<number>();
    for (let round = 0; round < rounds; round++) {
      for (const [index, turn] of turns.entries()) {
        if (missing.has(index)) continue;
        this.#progress(`${title}: round ${round + 1} of ${rounds}, ${turn.label}`);
        try {
          const sample = await turn.measure();
          if (sample) rows[index]?.samples.push(sample);
          else missing.add(index);
        } catch (error) {
          missing.add(index);
          this.notes.add(`${turn.label} failed at "${title}": ${(error as Error).message}`);
        }
      }
    }
    return rows.filter((_, index) => !missing.has(index));
  }

  /** The CPU time of the main threads of both servers so far, in ms. */
  #serverTimes(): number[] {
    return [this.server.pid, this.server.bodyPid].map(cpuTime);
  }
}

/** The CPU time of a process's main thread so far, in ms; 0 where the system doesn't tell. */
function cpuTime(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6;
  } catch {
    return 0;
  }
}

/** What one client does in each round. */
export interface Turn {
  readonly label: string;
  /** `undefined` when the client doesn't take part. */
  measure(): Promise<Sample | undefined>;
}

/** Whether a client has this name. */
export function isPeer(name: string): boolean {
  return Object.hasOwn(nodePeers, name) || pythonPeers.includes(name);
}
