import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/temporary-folder.ts', 'test/support/build-once.ts'],
    reporters: process.env['CI']
      ? ['default', './test/support/closing-line.ts']
      : ['dot', './test/support/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // They end what hangs; no test waits for them, however slow the machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
  },
});
