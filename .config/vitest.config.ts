import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './longest-first.ts';

const ROOT = new URL('..', import.meta.url).pathname;

/** What a test changes in its process, or in the modules of others: such files have a process of their own. */
const CHANGES =
  /vi\.(?:mock|doMock|stub|spyOn|useFakeTimers)|process\.(?:env\[[^\]]+\] *=[^=]|chdir|exitCode|umask)|delete process\.env/;

const medium = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.medium.test.ts'))
  .map((file) => join('test', file));
const apart = new Set(medium.filter((file) => CHANGES.test(readFileSync(join(ROOT, file), 'utf8'))));

/** Tests by what they take, which their names say (CONTRIBUTING.md): `x.test.ts`, `x.medium.test.ts`, `x.large.test.ts`. */
const larger = [
  { name: 'medium', include: medium.filter((file) => !apart.has(file)), isolate: false },
  { name: 'medium, apart', include: [...apart] },
  { name: 'large', include: ['test/**/*.large.test.ts'] },
].map((test) => ({
  extends: true as const,
  test: { ...test, globalSetup: ['test/support/build-once.ts'] },
  // Programs that they start are built ones.
  resolve: { alias: [{ find: /^.*\/own-module\.ts$/, replacement: join(ROOT, 'test/support/own-module.ts') }] },
}));

export default defineConfig({
  root: ROOT,
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
