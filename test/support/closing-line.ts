import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Prints the line that CI counts: `N passed, N failed` (`, N skipped`). Where `KDPIPE_TEST_TALLY` names a file, the three
 * numbers go there instead: .ci/run adds those of two runs up.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state } = test.result();
        if (state !== 'pending') counts[state]++;
      }
      if (!module.ok() && !tests.some((test) => test.result().state === 'failed')) counts.failed++;
    }
    const tally = process.env['KDPIPE_TEST_TALLY'];
    if (tally !== undefined) {
      appendFileSync(tally, `${counts.passed} ${counts.failed} ${counts.skipped}\n`);
      return;
    }
    const skipped = counts.skipped ? `, ${counts.skipped} skipped` : '';
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
  }
}
