import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {env} from 'node:process';
import type {Child} from './child.ts';
import {start} from './child.ts';

/** Starts a browser that opens a page, with a profile in this folder. */
export type StartBrowser = (binary: string, url: string, profile: string) => Child | Promise<Child>;

/** Opens a page in a browser with a profile of its own, which goes with the browser. */
export async function openBrowser(binary: string, open: StartBrowser, url: string): Promise<Child> {
  const profile = await mkdtemp(join(tmpdir(), 'aiofetch-browser-'));
  const child = await open(binary, url, profile);
  return {
    ...child,
    async end() {
      await child.end();
      await rm(profile, {recursive: true, force: true, maxRetries: 5});
    },
  };
}

export function startChromium(binary: string, url: string, profile: string): Child {
  return start(binary, [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--no-first-run',
    // The browser doesn't trust the authority of the server's certificate.
    '--ignore-certificate-errors',
    `--user-data-dir=${profile}`,
    url,
  ]);
}

export async function startFirefox(binary: string, url: string, profile: string): Promise<Child> {
  const preferences = {
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.reportingpolicy.firstRun': false,
    'app.normandy.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'browser.aboutwelcome.enabled': false,
    'trailhead.firstrun.didSeeAboutWelcome': true,
  };
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  await writeFile(join(profile, 'user.js'), lines.join(''));
  return start(binary, ['--headless', '--no-remote', '--profile', profile, url], {
    env: {...env, HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: '1'},
  });
}
