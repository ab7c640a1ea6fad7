import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {clients, tableRows} from '../compat/clients.ts';
import {root} from '../support/snippets.ts';

it('README’s table of SDKs has the rows of the clients that `npm run compat` tests', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, chapter = ''] = /^## Under an SDK\n([\s\S]*?)^## /m.exec(readme) ?? [];
  const rows = chapter.split('\n').filter((line) => line.startsWith('| '));
  expect(rows.slice(1)).toEqual(tableRows());
});

it('every client of the table is a dependency of test/compat', () => {
  const {dependencies} = JSON.parse(readFileSync(join(root, 'test/compat/package.json'), 'utf8'));
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(clients.map(({name}) => name)));
});

it.each(clients.map(({name, pass, file}) => [name, pass, file] as const))(
  'the tests of %s pass what README says',
  (_name, pass, file) => {
    const source = readFileSync(join(root, 'test/compat', file), 'utf8');
    // The tests set more than README names, behind what it names.
    const wanted = pass.replaceAll(/\s/g, '').replace(/[)}]+$/, '');
    expect(source.replaceAll(/\s/g, '')).toContain(wanted);
  },
);
