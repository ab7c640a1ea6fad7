import type {Reporter, TestModule} from 'vitest/node';
import type {RuntimeRow} from '../conformance/support/table.ts';
import {toTable} from '../conformance/support/table.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** For a case of the conformance suite: the runtime that ran it. */
    runtime?: RuntimeRow;
  }
}

/** Prints a table after a run of the conformance suite: runtime, version, connector, cases passed. */
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
    if (rows.size > 0) process.stdout.write(`\n${toTable([...rows.values()])}\n\n`);
  }
}
