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

  /** A program that leaves a mark, and what stands in its place where git asks nobody. */
  const marking = () => {
    const mark = join(folder, '.git/started');
    return { mark, program: `touch '${mark}'; cat` };
  };
  const touched = () => utimesSync(join(folder, 'file'), 1e9, 1e9);

  it.each(['clean', 'process'])(
    'starts no filter that the repository names as %s, required or not',
    async (setting) => {
      git('init', '-q');
      commitFile('one');
      writeFileSync(join(folder, '.gitattributes'), '* filter=mine\n');
      git('add', '.gitattributes');
      const commit = commitFile('two');
      const { mark, program } = marking();
      git('config', `filter.mine.${setting}`, program);
      git('config', 'filter.mine.required', 'true');
      touched();
      expect(await commitOf(folder)).toBe(commit);
      expect(existsSync(mark)).toBe(false);
      // The test can fail: git itself starts it.
      touched();
      try {
        git('status');
      } catch {
        // `process` has a protocol of its own, which this one does not speak.
      }
      expect(existsSync(mark)).toBe(true);
    },
  );

  it('starts no filter of a name that no option can hold: then it says nothing', async () => {
    git('init', '-q');
    writeFileSync(join(folder, '.gitattributes'), '* filter=a=b\n');
    git('add', '.gitattributes');
    commitFile('one');
    const { mark, program } = marking();
    git('config', 'filter.a=b.clean', program);
    touched();
    expect(await commitOf(folder)).toBeNull();
    expect(existsSync(mark)).toBe(false);
  });

  it('asks the filters of the user’s own settings: what they make equal is no change', async () => {
    git('init', '-q');
    writeFileSync(join(folder, '.gitattributes'), 'file filter=upper\n');
    writeFileSync(join(folder, 'settings'), '[filter "upper"]\n  clean = tr a-z A-Z\n');
    const { GIT_CONFIG_GLOBAL: before } = process.env;
    process.env['GIT_CONFIG_GLOBAL'] = join(folder, 'settings');
    try {
      git('add', '.gitattributes');
      const commit = commitFile('ONE');
      writeFileSync(join(folder, 'file'), 'one');
      expect(await commitOf(folder)).toBe(commit);
    } finally {
      if (before === undefined) delete process.env['GIT_CONFIG_GLOBAL'];
      else process.env['GIT_CONFIG_GLOBAL'] = before;
    }
  });

  it('starts nothing that a submodule names, and fetches nothing that a partial clone lacks', async () => {
    git('init', '-q');
    commitFile('one');
    git('init', '-q', 'part');
    git('-C', 'part', 'commit', '-qm', 'empty', '--allow-empty');
    writeFileSync(join(folder, 'part/.gitattributes'), '* filter=mine\n');
    git('-C', 'part', 'add', '.');
    git('-C', 'part', 'commit', '-qm', 'attributes');
    git('add', 'part');
    git('commit', '-qm', 'part');
    const { mark, program } = marking();
    git('-C', 'part', 'config', 'filter.mine.clean', program);
    utimesSync(join(folder, 'part/.gitattributes'), 1e9, 1e9);
    expect(await commitOf(folder)).toMatch(/^[0-9a-f]{12}$/);
    expect(existsSync(mark)).toBe(false);
    // A tree that is promised, and not there.
    git('config', 'extensions.partialClone', 'origin');
    git('config', 'remote.origin.url', 'ssh://nowhere.invalid/x');
    git('config', 'remote.origin.promisor', 'true');
    git('config', 'core.sshCommand', program);
    const tree = git('rev-parse', 'HEAD^{tree}');
    rmSync(join(folder, '.git/objects', tree.slice(0, 2), tree.slice(2)));
    expect(await commitOf(folder)).toBeNull();
    expect(existsSync(mark)).toBe(false);
  });

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
