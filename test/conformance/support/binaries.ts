import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {createRequire} from 'node:module';
import {delimiter, dirname, join} from 'node:path';
import {arch, env, platform} from 'node:process';
import {promisify} from 'node:util';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

// What npm's packages call a platform, each in its way; none where there is no package.
const platforms: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux-x64', 'linux-x64-glibc', 'linux-x64', 'linux-64'],
  'linux-arm64': ['linux-arm64', 'linux-arm64-glibc', 'linux-aarch64', 'linux-arm64'],
  'darwin-x64': ['darwin-x64', 'darwin-x64', 'darwin-x64', 'darwin-64'],
  'darwin-arm64': ['darwin-arm64', 'darwin-arm64', 'darwin-aarch64', 'darwin-arm64'],
  'win32-x64': ['win-x64', 'win32-x64', 'windows-x64', 'windows-64'],
};
const [nodeName, denoName, bunName, workerdName] = platforms[`${platform}-${arch}`] ?? [];
/** Whether npm has packages of the runtimes for this platform. Of Node for darwin-arm64 it hasn't. */
export const isOnNpm = nodeName !== undefined && nodeName !== 'darwin-arm64';

const suffix = platform === 'win32' ? '.exe' : '';
const nodeFile = platform === 'win32' ? 'bin/node.exe' : 'bin/node';

/** Where the runtimes are that npm installed; `undefined` for one that has no package for this platform. */
export const installed = {
  node22: inPackage(`rt-node22-${nodeName}`, nodeFile),
  node24: inPackage(`node-${nodeName}`, nodeFile),
  node26: inPackage(`rt-node26-${nodeName}`, nodeFile),
  deno: inPackage(`@deno/${denoName}`, `deno${suffix}`),
  bun: inPackage(`@oven/bun-${bunName}`, `bin/bun${suffix}`),
  workerd: inPackage(`@cloudflare/workerd-${workerdName}`, `bin/workerd${suffix}`),
} as const;

/** Where the system's browsers are. */
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

/** The version a binary tells of itself. */
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
