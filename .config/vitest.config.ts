import { defineConfig } from 'vitest/config';
import { LongestFirst } from './longest-first.ts';

/** Tests by what they take, which their names say (CONTRIBUTING.md): `x.test.ts`, `x.medium.test.ts`, `x.large.test.ts`. */
const larger = ['medium', 'large'].map((name) => ({
  extends: true as const,
  test: { name, include: [`test/**/*.${name}.test.ts`], globalSetup: ['test/support/build-once.ts'] },
}));

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    globalSetup: ['test/support/temporary-folder.ts'],
    reporters: process.env['CI']
      ? ['default', './test/support/closing-line.ts']
      : ['dot', './test/support/closing-line.ts'],
    pool: 'forks',
    // One more than the cores of the machine that the gate is for: some tests wait for clocks and networks.
    maxWorkers: 3,
    maxConcurrency: 2,
    sequence: { sequencer: LongestFirst },
    // They end what hangs; no test waits for them, however slow the machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'small',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{medium,large}.test.ts'],
          // Files share a process, and load what they share once: half of what they would take.
          isolate: false,
        },
      },
      ...larger,
    ],
  },
});
