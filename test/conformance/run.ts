import {readFile, writeFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {runRuntimes} from './support/run.ts';
import {runtimes} from './support/runtimes.ts';
import {toTable, withTable} from './support/table.ts';

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    /** A Markdown file, into which the table is written. */
    markdown: {type: 'string'},
    help: {type: 'boolean'},
  },
});
if (values.help) {
  console.log('npm run runtimes -- [--markdown FILE] [part of a name ...]\n');
  console.log([...new Set(runtimes.map(({name, connector}) => `${name} (${connector})`))].join('\n'));
  process.exit();
}

const wanted = runtimes.filter(
  ({name, connector}) =>
    positionals.length === 0 ||
    positionals.some((part) => `${name} ${connector}`.toLowerCase().includes(part.toLowerCase())),
);
for (const {name, binary} of wanted) if (binary === undefined) console.log(`${name} is not installed`);

const reports = await runRuntimes(wanted, ({name, connector, ms, cases, failure}) => {
  console.log(`\n${name} (${connector}): ${cases.length} cases in ${ms} ms`);
  if (failure !== undefined) console.log(failure);
  for (const {topic, name: caseName, error} of cases) {
    if (error !== undefined)
      console.log(`  ✗ ${topic}: ${caseName}\n    ${error.split('\n').slice(0, 4).join('\n    ')}`);
  }
});

const table = toTable(
  reports.map((report) => ({
    ...report,
    cases: report.cases.length,
    passed: report.cases.filter(({error}) => error === undefined).length,
  })),
);
console.log(`\n${table}`);
const isGreen = reports.every(({cases, failure}) => !failure && cases.every(({error}) => !error));
if (!isGreen) process.exitCode = 1;
else if (values.markdown !== undefined) {
  await writeFile(values.markdown, withTable(await readFile(values.markdown, 'utf8'), table));
}
