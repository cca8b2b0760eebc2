import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/fingerprint/digest.ts';
import { trial } from '../trial.ts';

const project = trial();
const ask = (...words: readonly string[]) => project().run(...words);
const entry = (key: string) => `runs/.store/${key.slice(0, 2)}/${key}`;

describe('kdpipe verify', () => {
  it('names the file of every damage and exits 1; the run makes anew what was damaged', () => {
    const keys = project().keys();
    expect(ask('verify')).toEqual({ code: 0, stdout: `${keys.length} results verified\n`, stderr: '' });
    const key = keys.find((one) => existsSync(project().path(`${entry(one)}/x`))) ?? '';
    const path = `${entry(key)}/x`;
    const before = project().read(path);
    project().write(path, before.replace('hello', 'HELLO'));
    const { code, stdout } = ask('verify');
    expect(code).toBe(1);
    expect(stdout).toContain(`the content of x has changed: its SHA-256 is ${sha256(project().read(path))}`);
    rmSync(project().path(path));
    expect(ask('verify').stdout).toContain('x is missing [missing-file]');
    expect(ask('run', 'trial.yaml').code).toBe(0);
    expect(project().read(path)).toBe(before);
    expect(ask('verify').code).toBe(0);
  });
});

describe('kdpipe gc', () => {
  it('removes only with --yes, and never what the latest run refers to', () => {
    const kept = project().keys();
    expect(ask('gc', '--yes').stdout).toMatch(/^removed 0 items, /);
    expect(project().keys()).toEqual(kept);
  });

  it('with --runs 1 takes what only older runs made, and the pipeline still has nothing to do', () => {
    const old = project().keys();
    expect(ask('run', 'trial.yaml', '-S', 'word=bye').code).toBe(0);
    const all = project().keys();
    const made = all.filter((key) => !old.includes(key));
    expect(ask('gc').stdout).toMatch(/^would remove 0 items/);

    const preview = ask('gc', '--runs', '1');
    expect(preview.stdout.match(/^entry {2}[0-9a-f]{12} .* no run refers to it$/gm)).toHaveLength(4);
    expect(preview.stdout).toMatch(/\nwould remove 4 items, .* \(--yes removes\)\n$/);
    expect(project().keys()).toEqual(all);

    expect(ask('gc', '--runs', '1', '--older-than', '1d', '--yes').stdout).toMatch(/^removed 0 items/);
    expect(ask('gc', '--runs', '1', '--max-size', '1G', '--yes').stdout).toMatch(/^removed 0 items/);
    expect(ask('gc', '--runs', '1', '--yes').stdout).toMatch(/\nremoved 4 items/);
    expect(project().keys()).toEqual(made);
    expect(ask('plan', 'trial.yaml', '-S', 'word=bye').stdout).toContain('nothing to do');
  });

  it('on a disk that is mounted read-only says what would go, removes nothing, and says why', (context) => {
    expect(ask('run', 'trial.yaml', '-S', 'word=frozen').code).toBe(0);
    const all = project().keys();
    const runs = project().path('runs');
    const mount = (...words: readonly string[]) => spawnSync('mount', [...words], { encoding: 'utf8' });
    const bound = mount('--bind', runs, runs);
    if (bound.status !== 0) context.skip(`cannot mount a disk here: ${bound.stderr || String(bound.error)}`);
    try {
      expect(mount('-o', 'remount,bind,ro', runs).status).toBe(0);
      expect(ask('gc', '--runs', '1')).toMatchObject({ code: 0, stdout: expect.stringContaining('would remove 4') });
      const { code, stdout, stderr } = ask('gc', '--runs', '1', '--yes');
      expect(code).toBe(2);
      expect(stdout).not.toMatch(/^removed/m);
      expect(stderr).toMatch(/the disk is mounted read-only while removing the result [0-9a-f]{12} \[read-only\]/);
      expect(stderr).toContain('fix: mount the disk that holds the store for writing');
    } finally {
      spawnSync('umount', [runs]);
    }
    expect(project().keys()).toEqual(all);
    expect(ask('verify').code).toBe(0);
  });

  it('removes what killed runs have left half written in their records', () => {
    const run = readdirSync(project().path('runs/trial')).find((name) => name.startsWith('2')) ?? '';
    const left = `runs/trial/${run}/.report.md.0123456789ab.tmp`;
    project().write(left, 'half');
    utimesSync(project().path(left), 1e9, 1e9);
    ask('gc');
    expect(existsSync(project().path(left))).toBe(true);
    ask('gc', '--yes');
    expect(existsSync(project().path(left))).toBe(false);
    expect(existsSync(project().path(`runs/trial/${run}/plan.json`))).toBe(true);
  });

  it('keeps what a run has made whose record a loss of power has emptied, and status shows the one before it', () => {
    const last = project().read('runs/trial/last.json');
    expect(ask('run', 'trial.yaml', '-S', 'word=lost').code).toBe(0);
    const made = project().keys();
    // A run that is cut off writes no last results.
    project().write('runs/trial/last.json', last);
    const [before = '', lost = ''] = readdirSync(project().path('runs/trial'))
      .filter((name) => name.includes('-'))
      .sort()
      .slice(-2);
    for (const name of ['plan.json', 'events.ndjson']) project().write(`runs/trial/${lost}/${name}`, '');
    expect(ask('gc', '--yes').stdout).toMatch(/^removed 0 items/);
    expect(project().keys()).toEqual(made);
    const status = ask('status');
    expect(status.stdout).toContain(before);
    expect(status.stderr).toContain(`the record of ${lost} is damaged, so that ${before} is shown`);
    expect(ask('status', lost)).toMatchObject({ code: 2, stderr: expect.stringContaining('[damaged-record]') });
    for (const command of ['logs', 'why']) expect(ask(command, 'make').code).toBe(0);
  });

  it.each([
    ['--older-than', '3'],
    ['--max-size', 'big'],
    ['--runs', '0'],
  ])('refuses %s %s with exit 2', (flag, value) => {
    expect(ask('gc', flag, value)).toMatchObject({ code: 2, stdout: '' });
  });
});
