import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { digestPath } from '../../src/store/files/digest-path.ts';
import { mappedInodes } from '../../src/util/mapped-files.ts';

/** Writes through a mapping once a line comes, without a new time, and goes on when the next one does. */
const writer = `
import mmap, os, sys
f = open(sys.argv[1], 'r+b'); m = mmap.mmap(f.fileno(), 0); f.close()
m[0:5] = b'first'; print('ready', flush=True)
sys.stdin.readline(); m[0:5] = b'other'; print('done', flush=True)
sys.stdin.readline()
`;

describe.skipIf(process.platform !== 'linux')('a file that a process has mapped to write to it', () => {
  it('is known by its inode, and read again although its state is remembered', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'kdpipe-mapped-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'data.bin');
    const rest = 'a'.repeat(300_000);
    writeFileSync(file, `zeros${rest}`);
    expect(mappedInodes().has(statSync(file).ino)).toBe(false);
    const child = spawn('python3', ['-c', writer, file], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill());
    if (!(await new Promise((resolve) => child.once('spawn', () => resolve(true)).once('error', () => resolve(false)))))
      context.skip('there is no python3');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');
    expect(mappedInodes().has(statSync(file).ino)).toBe(true);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    onTestFinished(() => void vi.useRealTimers());
    const cache = join(folder, 'cache');
    expect(await digestPath(file, cache)).toBe(sha256(`first${rest}`));
    const { mtime } = statSync(file);
    child.stdin.write('\n');
    expect((await lines.next()).value).toBe('done');
    expect(statSync(file).mtime).toEqual(mtime);
    expect(await digestPath(file, cache)).toBe(sha256(`other${rest}`));
  });
});
