import {realpathSync} from 'node:fs';
import {basename} from 'node:path';

/**
 * Runs the `main` of an example if Node was started with its file. The first argument is the URL; an argument that can't be
 * a URL ends the process with exit code 2.
 */
export async function runDirectly(meta: ImportMeta, main: (url?: string) => Promise<unknown>): Promise<void> {
  const [, script, url] = process.argv;
  // `import.meta.main` came with Node 24.2.
  const isMain = meta.main ?? (script !== undefined && realpathSync(script) === meta.filename);
  if (!isMain) return;
  // A `main` without a parameter always uses a server of its own, because few other servers would do.
  const fault = url === undefined ? undefined : main.length === 0 ? 'it takes no URL' : faultOf(url);
  if (fault === undefined) await main(url);
  else {
    console.error(`${basename(meta.filename)}: ${fault}`);
    process.exitCode = 2;
  }
}

function faultOf(url: string): string | undefined {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return undefined;
  return `${JSON.stringify(url)} is not an http or https URL`;
}
