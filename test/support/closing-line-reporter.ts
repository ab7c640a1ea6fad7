import {writeFileSync} from 'node:fs';
import type {Reporter, SerializedError, TestModule} from 'vitest/node';

/**
 * Closes the run with `N passed, N failed`, alone on its line, for tools that read no vitest summary. With
 * `TEST_SUMMARY_FILE` set, the line is written there too, for scripts that print more after the tests.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    let passed = 0;
    let skipped = 0;
    // What breaks outside a test fails the run: it must not hide behind "0 failed".
    let failed = unhandled.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const {state} = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped++;
      }
    }
    const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
    process.stdout.write(line);
    const file = process.env['TEST_SUMMARY_FILE'];
    if (file) writeFileSync(file, line);
  }
}
