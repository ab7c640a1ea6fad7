import {writeFileSync} from 'node:fs';
import type {Reporter, SerializedError, TestModule} from 'vitest/node';

/**
 * Prints `N passed, N failed` on the last line of the run, for tools that don't read vitest's summary. It also writes the line to
 * the file `TEST_SUMMARY_FILE`, if that is set, for scripts that print more after the tests.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    let passed = 0;
    let skipped = 0;
    // An error outside a test fails the run too, and has to count here.
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
