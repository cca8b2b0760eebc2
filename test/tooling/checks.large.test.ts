import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

/** Runs one of package.json's scripts; what it printed is the message when it fails. */
async function script(name: string): Promise<{ readonly ok: boolean; readonly output: string }> {
  const { failed, all } = await execa('npm', ['run', '--silent', name], { all: true, reject: false });
  return { ok: !failed, output: failed ? all : '' };
}

/**
 * `npm run check` runs these scripts itself and leaves this file out; the gate runs them here, side by side.
 */
describe.concurrent('the sources pass', { timeout: 1_800_000 }, () => {
  it.each([
    ['the type checker and the linter', 'check:lint'],
    ['the formatter', 'check:format'],
    ['the layer rules', 'check:layers'],
    ['the search for dead code', 'check:unused'],
    ['the check that generated schemas are fresh', 'check:schemas'],
    ['the check that the list of failure codes is fresh', 'check:failures'],
  ])('%s', async (_title, name) => {
    expect(await script(name)).toEqual({ ok: true, output: '' });
  });
});
