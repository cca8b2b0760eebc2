import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdFolder } from '../../../../../src/ml/engines/tensorflow/install/hold.ts';
import { identifyProcess } from '../../../../../src/util/process-identity.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hold-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('holdFolder', () => {
  it('keeps a folder for one process until it lets go', () => {
    const end = holdFolder(folder);
    expect(() => holdFolder(folder)).toThrow(`process ${process.pid} `);
    end();
    expect(() => holdFolder(folder)()).not.toThrow();
  });

  it('takes a folder over from a process that is gone', () => {
    // Ids of processes are smaller.
    writeFileSync(join(folder, 'holder.json'), JSON.stringify({ ...identifyProcess(), pid: 2 ** 30, start: '1' }));
    expect(() => holdFolder(folder)()).not.toThrow();
  });

  it('leaves it to a process of another host, of which nothing is known', () => {
    writeFileSync(join(folder, 'holder.json'), JSON.stringify({ ...identifyProcess(), host: 'elsewhere' }));
    expect(() => holdFolder(folder)).toThrow('on elsewhere');
  });
});
