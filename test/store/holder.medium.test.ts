import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { claim, isAlive, parseHolder, type Holder } from '../../src/store/holder.ts';

const holder = (text = claim()): Holder => {
  const parsed = parseHolder(text);
  if (!parsed) throw new Error(`${text} is no holder`);
  return parsed;
};

describe('claim', () => {
  it('names this process, on one line', () => {
    expect(holder()).toMatchObject({ pid: process.pid, host: hostname() });
    expect(claim()).not.toContain('\n');
  });

  it('is another text every time', () => {
    expect(new Set(Array.from({ length: 1000 }, claim)).size).toBe(1000);
  });
});

describe('parseHolder', () => {
  it.each(['', 'x', '1 2', '1 2 3', '  ', '1 2 3 4 5', '\0'.repeat(40), `${claim()}\n${claim()}`])(
    'reads no holder from %j',
    (text) => {
      expect(parseHolder(text)).toBeUndefined();
    },
  );
});

describe('isAlive', () => {
  it('knows this process', () => {
    expect(isAlive(holder())).toBe(true);
  });

  it('knows that a process with another start time is another one', () => {
    expect(isAlive({ ...holder(), start: '1' })).toBe(false);
  });

  it('knows that there is no such process', () => {
    expect(isAlive({ ...holder(), pid: 999_999_999 })).toBe(false);
  });

  it('knows that a killed process is dead, before its parent has looked at it', async () => {
    // The shell becomes tail, and never looks at its child, which stays a zombie when it is killed.
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec tail -f /dev/null'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [bytes] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(bytes.toString());
      const { readFileSync } = await import('node:fs');
      const fieldsOf = () =>
        readFileSync(`/proc/${pid}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ');
      const orphan = { ...holder(), pid, start: fieldsOf()[19] ?? '' };
      expect(isAlive(orphan)).toBe(true);
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => fieldsOf()[0]).toBe('Z');
      expect(isAlive(orphan)).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('knows nothing of holders of other machines', () => {
    const other = { ...holder(), machine: '0123456789' };
    expect(isAlive(other)).toBeUndefined();
    expect(isAlive({ ...other, pid: 999_999_999 })).toBeUndefined();
  });
});
