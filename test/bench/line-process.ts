import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

/** How long an answer may take, in ms. */
const patience = 180_000;

interface Pending {
  resolve(line: string): void;
  reject(error: Error): void;
}

/** A child process that answers each line of JSON with another. It ends when its standard input ends. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #pending: Pending | undefined = undefined;
  #failure: Error | undefined = undefined;
  #asked: Promise<unknown> = Promise.resolve();

  constructor(command: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
    // Node options of the harness must not apply to the processes that it measures.
    const {NODE_OPTIONS: _, ...env} = process.env;
    this.#child = spawn(command, args, {env: {...env, ...variables}, stdio: ['pipe', 'pipe', 'inherit']});
    this.#child.on('error', (error) => this.#fail(error));
    this.#child.on('close', (code, signal) =>
      this.#fail(new Error(`The process ended with ${signal ?? `code ${code}`} before it answered`)),
    );
    this.#child.stdin?.on('error', () => undefined);
    if (this.#child.stdout) {
      createInterface({input: this.#child.stdout}).on('line', (line) => this.#take(line));
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** The next line of its output. */
  async read<T>(): Promise<T> {
    const timer = setTimeout(() => {
      this.#fail(new Error(`The process did not answer within ${patience / 1000} s`));
      this.#child.kill('SIGKILL');
    }, patience);
    try {
      return JSON.parse(await this.#nextLine()) as T;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a line, and reads the answer. One question waits for the answer to the one before. */
  ask<T>(message: unknown): Promise<T> {
    const answer = this.#asked.then(() => {
      this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
      return this.read<T>();
    });
    this.#asked = answer.catch(() => undefined);
    return answer;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await closed;
    clearTimeout(timer);
  }

  #nextLine(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#pending = {resolve, reject};
    });
  }

  #take(line: string): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending) pending.resolve(line);
    else this.#lines.push(line);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(this.#failure);
  }
}
