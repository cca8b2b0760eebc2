import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitOf } from '../../src/project/git.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-git-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs git as somebody without any settings. */
const git = (...args: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  }).trim();

function commitFile(text: string): string {
  writeFileSync(join(folder, 'file'), text);
  git('add', 'file');
  git('commit', '-qm', text);
  return git('rev-parse', 'HEAD').slice(0, 12);
}

describe('the commit of a folder', () => {
  it('is none outside a repository, in one without commits, and in a folder that is not there', async () => {
    expect(await commitOf(folder)).toBeNull();
    git('init', '-q');
    expect(await commitOf(folder)).toBeNull();
    expect(await commitOf(join(folder, 'missing'))).toBeNull();
  });

  it('is twelve digits, also from a folder inside and where the commit has a tag', async () => {
    git('init', '-q');
    const commit = commitFile('one');
    git('tag', '-a', 'v1', '-m', 'one');
    mkdirSync(join(folder, 'inside'));
    expect(await commitOf(folder)).toBe(commit);
    expect(await commitOf(join(folder, 'inside'))).toBe(commit);
    expect(commit).toMatch(/^[0-9a-f]{12}$/);
  });

  it.each(['core.fsmonitor', 'core.hooksPath'])(
    'starts no program that the repository names in %s',
    async (setting) => {
      git('init', '-q');
      const commit = commitFile('one');
      mkdirSync(join(folder, 'programs'));
      for (const name of ['monitor', 'post-index-change', 'post-checkout', 'reference-transaction'])
        writeFileSync(join(folder, 'programs', name), '#!/bin/sh\ntouch "$(dirname "$0")/started"\n', { mode: 0o755 });
      git(
        'config',
        setting,
        setting === 'core.fsmonitor' ? join(folder, 'programs/monitor') : join(folder, 'programs'),
      );
      // A time that git does not know makes it look again, and write what it found.
      utimesSync(join(folder, 'file'), 1e9, 1e9);
      expect(await commitOf(folder)).toBe(commit);
      expect(existsSync(join(folder, 'programs/started'))).toBe(false);
    },
  );

  it('says when a tracked file differs from it; files that git does not know count for nothing', async () => {
    git('init', '-q');
    const commit = commitFile('one');
    writeFileSync(join(folder, 'other'), 'untracked');
    expect(await commitOf(folder)).toBe(commit);
    writeFileSync(join(folder, 'file'), 'changed');
    expect(await commitOf(folder)).toBe(`${commit}-dirty`);
    const next = commitFile('two');
    expect(await commitOf(folder)).toBe(next);
  });
});
