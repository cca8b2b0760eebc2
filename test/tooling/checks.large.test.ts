import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Runs one of package.json's scripts; what it printed is the message when it fails. */
function script(name: string): { readonly ok: boolean; readonly output: string } {
  const ended = spawnSync('npm', ['run', '--silent', name], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return { ok: ended.status === 0, output: ended.status === 0 ? '' : ended.stdout + ended.stderr };
}

/** `npm run check` runs these scripts itself and leaves this file out; `npm test` (the gate) runs them here. */
describe('the sources pass', () => {
  it.each([
    ['the type checker', 'check:types'],
    ['the linter', 'check:lint'],
    ['the formatter', 'check:format'],
    ['the layer rules', 'check:layers'],
    ['the search for dead code', 'check:unused'],
    ['the check that generated schemas are fresh', 'check:schemas'],
    ['the check that the list of failure codes is fresh', 'check:failures'],
  ])('%s', (_title, name) => {
    expect(script(name)).toEqual({ ok: true, output: '' });
  });
});
