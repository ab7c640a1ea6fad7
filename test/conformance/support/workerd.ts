import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Child} from './child.ts';
import {start} from './child.ts';

/** What decides how workerd runs a worker. */
export interface Compatibility {
  readonly date: string;
  readonly flags: readonly string[];
}

/** A workerd process that runs one worker once for each compatibility. */
export interface Workerd {
  readonly child: Child;
  /** The addresses of the workers, in the order of their compatibilities. */
  readonly origins: readonly string[];
  end(): Promise<void>;
}

/** Starts workerd on free ports. */
export async function startWorkerd(
  binary: string,
  bundle: string,
  compatibilities: readonly Compatibility[],
): Promise<Workerd> {
  const folder = await mkdtemp(join(tmpdir(), 'aiofetch-workerd-'));
  await writeFile(join(folder, 'worker.js'), bundle);
  await writeFile(join(folder, 'config.capnp'), configOf(compatibilities));
  const child = start(binary, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  async function end(): Promise<void> {
    await child.end();
    await rm(folder, {recursive: true});
  }
  const ports = await Promise.race([controlPorts(child, compatibilities.length), child.gone]);
  if (!Array.isArray(ports)) {
    await end();
    throw new Error(`workerd did not write its ports\n${child.output()}`);
  }
  return {child, origins: ports.map((port) => `http://127.0.0.1:${port}`), end};
}

function configOf(compatibilities: readonly Compatibility[]): string {
  const indexes = [...compatibilities.keys()];
  const services = indexes.map((index) => `(name = "main${index}", worker = .main${index}),`);
  const sockets = indexes.map(
    (index) => `(name = "http${index}", address = "127.0.0.1:0", http = (), service = "main${index}"),`,
  );
  const workers = compatibilities.map(
    ({date, flags}, index) => `const main${index} :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "${date}",
  compatibilityFlags = [${flags.map((flag) => `"${flag}"`).join(', ')}],
);`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${services.join('\n    ')}
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [
    ${sockets.join('\n    ')}
  ],
);
${workers.join('\n')}
`;
}

/** workerd writes the port of each socket to a file descriptor of its own, as a line of JSON. */
function controlPorts(child: Child, count: number): Promise<number[]> {
  return new Promise((resolve) => {
    let text = '';
    child.process.stdio[3]?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const ports: number[] = [];
      for (const [, index, port] of text.matchAll(/"socket":"http(\d+)","port":(\d+)/g)) {
        ports[Number(index)] = Number(port);
      }
      if (Object.keys(ports).length === count) resolve(ports);
    });
  });
}
