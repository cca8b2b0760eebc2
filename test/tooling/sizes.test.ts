import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import config from '../../.config/vitest.config.ts';
import { packageRoot } from '../../src/util/package-root.ts';

/** Sizes whose projects take a file, by the patterns of vitest's configuration. */
function sizesOf(path: string): readonly string[] {
  const fits = (patterns: readonly string[] = []) => patterns.some((pattern) => matches(path, pattern));
  const projects = config.test?.projects ?? [];
  return projects.flatMap((project) => {
    const { test } = project as { test: { name: string; include: string[]; exclude?: string[] } };
    // Files of one size may be run in two ways: `medium, apart`.
    return fits(test.include) && !fits(test.exclude) ? (test.name.split(',')[0] ?? []) : [];
  });
}

/** Node 20 has no `path.matchesGlob`: the patterns here need `**` + `/`, `*` and `{a,b}`. */
function matches(path: string, pattern: string): boolean {
  const regExp = pattern
    .replaceAll('.', '\\.')
    .replace(/\{([^}]*)\}/g, (_, names: string) => `(${names.replaceAll(',', '|')})`)
    .replaceAll('**/', '\0')
    .replaceAll('*', '[^/]*')
    .replaceAll('\0', '(.*/)?');
  return new RegExp(`^${regExp}$`).test(path);
}

const files = readdirSync(join(packageRoot(), 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.test\.[jt]s$/.test(path))
  .map((path) => `test/${path}`);
const scripts = (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { scripts: object }).scripts;

describe('every file of tests', () => {
  it('is of one size, which its name says', () => {
    expect(files.length).toBeGreaterThan(300);
    for (const path of files) {
      const named = /\.(medium|large)\.test\.ts$/.exec(path)?.[1];
      expect(sizesOf(path), path).toEqual([named ?? 'small']);
    }
  });

  it('is run by npm run test:all, and by npm test unless it is large', () => {
    const vitest = 'vitest run --config .config/vitest.config.ts';
    expect(scripts).toMatchObject({
      test: `${vitest} --project small --project 'medium*'`,
      'test:quick': `${vitest} --project small`,
      'test:large': `${vitest} --project large`,
      'test:all': vitest,
    });
    expect(readFileSync(join(packageRoot(), '.ci/run'), 'utf8')).toMatch(
      /^npm ci && npm test$[^]*^npm run test:large /m,
    );
  });
});

describe('small tests', () => {
  const small = files.filter((path) => sizesOf(path).includes('small'));
  const naming = (pattern: RegExp) =>
    small.filter((path) => pattern.test(readFileSync(join(packageRoot(), path), 'utf8')));

  it('start no programs and make no engine of threads: they run between two edits', () => {
    expect(naming(/support\/project|\bspawn(Sync)?\(|\bexecFile(Sync)?\(|\bfork\(|engines\.wasm/)).toEqual([]);
  });

  it('leave modules and the working folder as they are: they share a process', () => {
    expect(naming(/\bvi\.(mock|doMock|resetModules)\(|\bprocess\.chdir\(/)).toEqual([]);
  });
});
