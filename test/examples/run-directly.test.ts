import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {expect, test} from 'vitest';

function run(example: string, argument: string) {
  const script = join(import.meta.dirname, '../../examples', example);
  const {status, stdout, stderr} = spawnSync(
    process.execPath,
    ['--conditions=@aiofetch/source', script, argument],
    {encoding: 'utf8'},
  );
  return {status, stdout, stderr};
}

test.each(['nonsense', '--help', 'ftp://example.com/'])(
  'an example refuses %j, which is no URL',
  (argument) => {
    expect(run('one-request.ts', argument)).toEqual({
      status: 2,
      stdout: '',
      stderr: `one-request.ts: "${argument}" is not an http or https URL\n`,
    });
  },
);

test('an example on a server of its own refuses any URL', () => {
  expect(run('auth.ts', 'http://127.0.0.1/')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'auth.ts: it takes no URL\n',
  });
});
