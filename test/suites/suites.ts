/** A suite of tests that nobody here wrote. */
export interface Suite {
  /** Its name, and that of the folder of its sources. */
  readonly name: string;
  /** Where its sources come from. */
  readonly repository: string;
  /** The program that runs it, in the folder of its sources, and its arguments. */
  readonly command: readonly [script: string, ...args: string[]];
  /** The outcome of each test, by title, in what the program printed. */
  outcomes(output: string): Map<string, boolean>;
  /** The tests that built-in fetch passes and `session.fetch` does not, each with the reason why that is meant. */
  readonly differences: Readonly<Record<string, string>>;
}

/** The lines of TAP: "ok 1 - title" and "not ok 2 - title". */
function outcomesOfTap(output: string): Map<string, boolean> {
  const outcomes = new Map<string, boolean>();
  for (const [, not, title = ''] of output.matchAll(/^(not )?ok \d+ - (.*)$/gm)) {
    if (!/ # (?:SKIP|TODO)\b/.test(title)) outcomes.set(title, not === undefined);
  }
  return outcomes;
}

interface MochaReport {
  readonly passes: ReadonlyArray<{readonly fullTitle: string}>;
  readonly failures: ReadonlyArray<{readonly fullTitle: string}>;
}

/** The report of Mocha's reporter "json", which may follow what the tests print. */
function outcomesOfMocha(output: string): Map<string, boolean> {
  const report = JSON.parse(output.slice(output.indexOf('{\n  "stats"'))) as MochaReport;
  const passed = report.passes.map(({fullTitle}) => [fullTitle, true] as const);
  return new Map([...passed, ...report.failures.map(({fullTitle}) => [fullTitle, false] as const)]);
}

export const suites: readonly Suite[] = [
  {
    name: 'ky',
    repository: 'https://github.com/sindresorhus/ky',
    // Without the tests in browsers, and without that of memory, which measures Node's own fetch.
    command: [
      'node_modules/ava/entrypoints/cli.mjs',
      '--tap',
      '--timeout=2m',
      '--concurrency=2',
      'test/*.ts',
      '!test/browser.ts',
      '!test/with-page.ts',
      '!test/memory-leak.ts',
    ],
    outcomes: outcomesOfTap,
    differences: {
      'headers › `user-agent`': 'User-Agent is that of aiofetch',
      'headers › `accept-encoding`': 'Accept-Encoding names br and zstd too',
      'headers › does not remove user headers from `url` object argument': 'User-Agent is that of aiofetch',
      'headers › setting `content-length` to 0':
        'a wrong Content-Length is a mistake of the caller and no network error, so that ky does not wrap the TypeError',
    },
  },
  {
    name: 'node-fetch',
    repository: 'https://github.com/node-fetch/node-fetch',
    command: ['node_modules/mocha/bin/mocha', '--reporter', 'json', '--exit', 'test/*.js'],
    outcomes: outcomesOfMocha,
    differences: {
      'node-fetch should send request with connection keep-alive if agent is provided':
        'agent is refused, because it would change the connection',
    },
  },
];
