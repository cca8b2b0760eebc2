import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complaintIn, startLines, tryLines } from '../../src/executors/start-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'kdpipe-start-'));
const bash = (lines: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', lines.join('\n')], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
};

describe('a machine that is to run tasks', () => {
  it('says that it sees no working folder, and holds back what waits', () => {
    const { status, said } = bash(startLines(join(folder, 'none'), 'task x', 'echo held'));
    expect(status).toBe(1);
    expect(complaintIn(said)?.what).toMatch(/^does not see the working folder/);
    expect(said).toContain('held\n');
  });

  it('says that it sees another runs/, and is content where it does not', () => {
    expect(complaintIn(bash(tryLines(folder, join(folder, 'seen'))).said)?.what).toMatch(/^sees another runs\//);
    writeFileSync(join(folder, 'seen'), '');
    expect(bash(tryLines(folder, join(folder, 'seen')))).toEqual({ status: 0, said: '' });
  });

  it('says that it has another kdpipe', () => {
    const lines = tryLines(folder, folder).map((line) => line.replace(/= \S+ \]/, '= 0.0.0 ]'));
    expect(complaintIn(bash(lines).said)?.what).toMatch(/^has kdpipe \d/);
  });
});
