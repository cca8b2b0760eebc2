import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assetPath } from '../../src/util/package-root.ts';

const list = readFileSync(assetPath('FAILURES.md'), 'utf8');
const rows = [...list.matchAll(/^\| `([^`]+)` \| (.*) \| (.*) \|$/gm)].map(([, code = '', says = '', fix = '']) => ({
  code,
  says,
  fix,
}));

/** Every text that the sources call a code, found as plain text. */
const written = new Set(
  readdirSync(assetPath('src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...readFileSync(join(assetPath('src'), path), 'utf8').matchAll(/\bcode: '([a-z][a-z0-9-]*)'/g)])
    .map(([, code = '']) => code),
);

describe('the list of failure codes', () => {
  it('has every code that the sources write, and those that they put together', () => {
    const codes = rows.map(({ code }) => code);
    expect(written.size).toBeGreaterThan(150);
    expect([...written].filter((code) => !codes.includes(code))).toEqual([]);
    expect(codes).toContain('damaged-idx');
    expect(codes).toContain('unknown-…');
    expect(codes).toEqual([...new Set(codes)].sort());
  });

  it('says what each says or how it is mended', () => {
    expect(rows.filter(({ says, fix }) => says.trim() === '' && fix.trim() === '')).toEqual([]);
  });

  it('follows a message through the function that makes the failure', () => {
    const row = rows.find(({ code }) => code === 'not-idx');
    expect(row?.says).toContain('its header is not that of an IDX file');
    expect(row?.fix).toContain('point `root` at the folder with the original files');
  });
});
