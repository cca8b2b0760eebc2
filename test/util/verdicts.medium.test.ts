import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepVerdict, readVerdict, verdictFile } from '../../src/util/verdicts.ts';

const facts = { of: 'joined vectors', node: '26.12.1' };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-verdicts-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('a verdict', () => {
  it('is kept until another one is, with what it was about', () => {
    const file = verdictFile(facts);
    expect(readVerdict(file)).toBeUndefined();
    keepVerdict(file, 'good', facts);
    expect(readVerdict(file)).toBe('good');
    keepVerdict(file, 'bad', facts);
    expect(readVerdict(file)).toBe('bad');
    expect(JSON.parse(readFileSync(file!, 'utf8'))).toEqual({ verdict: 'bad', ...facts });
    expect(readdirSync(dirname(file!))).toHaveLength(1);
  });

  it('holds for equal facts alone, in whatever order they are told', () => {
    keepVerdict(verdictFile(facts), 'bad', facts);
    expect(readVerdict(verdictFile({ node: '26.12.1', of: 'joined vectors' }))).toBe('bad');
    expect(readVerdict(verdictFile({ ...facts, node: '26.12.2' }))).toBeUndefined();
    expect(readVerdict(verdictFile({ ...facts, processor: 'x' }))).toBeUndefined();
  });

  it('that is damaged is none, and is replaced', () => {
    const file = verdictFile(facts)!;
    mkdirSync(dirname(file), { recursive: true });
    for (const text of ['', '{"verdict":', 'null', '[]', '{"verdict":"fine"}']) {
      writeFileSync(file, text);
      expect(readVerdict(file)).toBeUndefined();
    }
    keepVerdict(file, 'good', facts);
    expect(readVerdict(file)).toBe('good');
  });

  it('that cannot be written is lost, and nothing else', () => {
    writeFileSync(join(folder, 'kdpipe'), 'a file where the folder would be');
    const file = verdictFile(facts);
    keepVerdict(file, 'good', facts);
    expect(readVerdict(file)).toBeUndefined();
    keepVerdict(null, 'good', facts);
    expect(readVerdict(null)).toBeUndefined();
  });
});

describe('the folder of verdicts', () => {
  it('is the cache of the user: XDG_CACHE_HOME where it is absolute, else ~/.cache', () => {
    expect(dirname(verdictFile(facts)!)).toBe(join(folder, 'kdpipe/verdicts'));
    vi.stubEnv('HOME', folder);
    for (const asked of ['', 'relative', undefined]) {
      vi.stubEnv('XDG_CACHE_HOME', asked);
      expect(dirname(verdictFile(facts)!)).toBe(join(folder, '.cache/kdpipe/verdicts'));
    }
  });
});
