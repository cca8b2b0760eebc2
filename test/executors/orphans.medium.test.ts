import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellStatuses } from '../../src/core/run-state.ts';
import { latestRun, readRun, replayRun } from '../../src/record/past-runs.ts';
import { Mailbox } from '../support/mailbox.ts';
import { lives } from '../support/tasks.ts';

let folder: string;
let mailbox: Mailbox;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-orphans-'));
  mailbox = await Mailbox.open();
});
afterEach(async () => {
  await mailbox.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string) => join(folder, name);
const pidIn = (name: string) => Number(readFileSync(path(name), 'utf8'));
const runnerArguments = (shell: string) => ['--import', 'tsx', 'test/executors/children/runner.ts', folder, shell];

describe('a runner that is killed while a command runs', () => {
  /** Starts a runner, waits until its stage is up, and kills it. */
  const killRunner = async (shell: string) => {
    const runner = spawn(process.execPath, runnerArguments(shell), { stdio: 'ignore' });
    const gone = new Promise((resolve) => runner.once('exit', resolve));
    await mailbox.heard('up');
    runner.kill('SIGKILL');
    await gone;
  };
  const gone = (name: string) => expect.poll(() => lives(pidIn(name))).toBe(false);

  it('leaves no orphan, lets the command save, and the next run completes', async () => {
    const line = `echo $$ > ${path('command')}; echo $PPID > ${path('worker')}; trap 'echo saved > ${path('saved')}; exit' TERM`;
    const stage = `[ -e ${path('saved')} ] || { ${line}; ${mailbox.say('up')}; while :; do sleep 0.01; done; }`;
    await killRunner(stage);
    await Promise.all([gone('command'), gone('worker')]);
    expect(existsSync(path('saved'))).toBe(true);
    const killed = readRun(latestRun(path('runs'), 'trial')!);
    expect(cellStatuses(replayRun(killed)).get('stage')?.state).toBe('running');
    expect(execFileSync(process.execPath, runnerArguments(stage), { encoding: 'utf8' })).toBe('done 1\n');
  });

  it('leaves no orphan even of a command that ignores SIGTERM, after the grace', async () => {
    writeFileSync(
      path('child.sh'),
      `trap '' TERM; echo $$ > ${path('child')}; ${mailbox.say('up')}; while :; do sleep 0.05; done`,
    );
    await killRunner(
      `trap '' TERM; echo $$ > ${path('command')}; echo $PPID > ${path('worker')}; sh ${path('child.sh')}; true`,
    );
    await Promise.all(['command', 'child', 'worker'].map(gone));
  });
});
