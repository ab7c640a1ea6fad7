import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {expect, it, onTestFinished} from 'vitest';
import {root} from '../support/snippets.ts';

it('`npm run playground` prints the address of a page, and needs no browser', async () => {
  const flags = ['--conditions=@aiofetch/source'];
  const {DISPLAY: _, WAYLAND_DISPLAY: __, ...env} = process.env;
  const child = spawn(process.execPath, [...flags, 'playground/server/main.ts', '--port', '0'], {
    cwd: root,
    env,
  });
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  let output = '';
  const address = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(output)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const [found] = /http:\/\/localhost:\d+\//.exec(output) ?? [];
        if (found) resolve(found);
      });
    }
  });
  expect(output).toBe(`The playground is at ${address}\n`);
  const page = await (await fetch(address)).text();
  expect(page).toContain('<title>aiofetch playground</title>');
  const [, script = ''] = /src="([^"]*\/page\/main\.ts[^"]*)"/.exec(page) ?? [];
  const code = await (await fetch(new URL(script, address))).text();
  expect(code).toContain('createForm');
});
