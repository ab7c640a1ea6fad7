import {spawnSync} from 'node:child_process';
import type {Reporter, TestModule} from 'vitest/node';
import {runtimes} from '../conformance/support/runtimes.ts';
import type {RuntimeRow} from '../conformance/support/table.ts';
import {toTable} from '../conformance/support/table.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** For a case of the conformance suite: the runtime that ran it. */
    runtime?: RuntimeRow;
  }
}

/**
 * Says after a run what it ran on: for the conformance suite a table with runtime, version, connector and cases passed, and the
 * runtimes that are not installed; for the tests on Redis its version.
 */
export default class RuntimesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = new Map<string, RuntimeRow & {passed: number; cases: number}>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const {runtime} = test.meta();
        if (!runtime) continue;
        const key = JSON.stringify(runtime);
        const row = rows.get(key) ?? {...runtime, passed: 0, cases: 0};
        rows.set(key, row);
        row.cases++;
        if (test.ok()) row.passed++;
      }
    }
    const lines: string[] = [];
    if (rows.size > 0) {
      lines.push(toTable([...rows.values()]));
      const missing = new Set(runtimes.filter(({binary}) => binary === undefined).map(({name}) => name));
      if (missing.size > 0) lines.push(`Not run, since not installed: ${[...missing].join(', ')}`);
    }
    if (modules.some(({moduleId}) => moduleId.includes('/test/redis/'))) lines.push(redisLine());
    if (lines.length > 0) process.stdout.write(`\n${lines.join('\n\n')}\n\n`);
  }
}

function redisLine(): string {
  const {stdout} = spawnSync('redis-server', ['--version'], {encoding: 'utf8'});
  const version = /v=([\d.]+)/.exec(stdout ?? '')?.[1];
  return version === undefined
    ? 'Tests on Redis skipped, since redis-server is not installed'
    : `Tests on Redis ran on version ${version}`;
}
