import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {createRequire} from 'node:module';
import {delimiter, dirname, join} from 'node:path';
import {arch, env, platform} from 'node:process';
import {promisify} from 'node:util';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

// The names of platforms in the packages of Node, Deno, Bun and workerd.
const platforms: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux-x64', 'linux-x64-glibc', 'linux-x64', 'linux-64'],
  'linux-arm64': ['linux-arm64', 'linux-arm64-glibc', 'linux-aarch64', 'linux-arm64'],
  'darwin-x64': ['darwin-x64', 'darwin-x64', 'darwin-x64', 'darwin-64'],
  'darwin-arm64': ['darwin-arm64', 'darwin-arm64', 'darwin-aarch64', 'darwin-arm64'],
  'win32-x64': ['win-x64', 'win32-x64', 'windows-x64', 'windows-64'],
};
const [nodeName, denoName, bunName, workerdName] = platforms[`${platform}-${arch}`] ?? [];
/** Whether npm has packages of all runtimes for this platform. For darwin-arm64, it has none of Node. */
export const isOnNpm = nodeName !== undefined && nodeName !== 'darwin-arm64';

const suffix = platform === 'win32' ? '.exe' : '';
const nodeFile = platform === 'win32' ? 'bin/node.exe' : 'bin/node';

/** The paths of the runtimes that npm installed; `undefined` for a runtime without a package for this platform. */
export const installed = {
  node22: inPackage(`rt-node22-${nodeName}`, nodeFile),
  node24: inPackage(`node-${nodeName}`, nodeFile),
  node26: inPackage(`rt-node26-${nodeName}`, nodeFile),
  deno: inPackage(`@deno/${denoName}`, `deno${suffix}`),
  bun: inPackage(`@oven/bun-${bunName}`, `bin/bun${suffix}`),
  workerd: inPackage(`@cloudflare/workerd-${workerdName}`, `bin/workerd${suffix}`),
} as const;

/** The paths of the browsers that are installed on this system. */
export const system = {
  chromium: onPath('chromium', 'chromium-browser', 'google-chrome'),
  firefox: onPath('firefox-esr', 'firefox'),
  webkit: existing(
    '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
    '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
    '/usr/libexec/webkit2gtk-4.1/MiniBrowser',
  ),
  xvfb: onPath('Xvfb'),
} as const;

/** The version that a binary prints. */
export async function versionOf(binary: string, environment: NodeJS.ProcessEnv = env): Promise<string> {
  const {stdout} = await run(binary, ['--version'], {env: environment, timeout: 50_000});
  return /\d+(?:[.-]\d+)+/.exec(stdout)?.[0] ?? stdout.trim();
}

function inPackage(name: string, file: string): string | undefined {
  try {
    return existing(join(dirname(require.resolve(`${name}/package.json`)), file));
  } catch {
    return undefined;
  }
}

function onPath(...names: string[]): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return existing(...names.flatMap((name) => folders.map((folder) => join(folder, name))));
}

function existing(...paths: string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}
