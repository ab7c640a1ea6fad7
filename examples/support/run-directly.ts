import {realpathSync} from 'node:fs';

/** Runs an example's `main` when its file is what Node was started with, with the first argument as the URL. */
export async function runDirectly(meta: ImportMeta, main: (url?: string) => Promise<unknown>): Promise<void> {
  const [, script, url] = process.argv;
  // `import.meta.main` came with Node 24.2.
  const isMain = meta.main ?? (script !== undefined && realpathSync(script) === meta.filename);
  if (isMain) await main(url);
}
