import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/util/package-root.ts';

const page = readFileSync(join(packageRoot(), 'CONTRIBUTING.md'), 'utf8');

/** A block of code of the page: the file that its first line names, and the lines below. */
interface Block {
  readonly path: string;
  /** Lines of a registry, to be put where they belong; else the file is new. */
  readonly added: boolean;
  readonly text: string;
}

const blocks = [...page.matchAll(/^```(?:ts|yaml)\n(?:\/\/|#) ([\w./-]+)(, two lines|, one entry)?\n(.*?)^```/gms)].map(
  ([, path = '', added, text = '']): Block => ({ path, added: added !== undefined, text }),
);

/** Puts an import, where there is one, above all others, and an entry at the start of the registry's object. */
function withLines(registry: string, text: string): string {
  const lines = text.trimEnd().split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  const entry = lines.filter((line) => !line.startsWith('import '));
  const found = /^export const \w+ = \{\n/m.exec(registry);
  if (!found) throw new Error('the registry is no object literal');
  const at = found.index + found[0].length;
  return `${imports.join('\n')}\n${registry.slice(0, at)}${entry.join('\n')}\n${registry.slice(at)}`;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-added-'));
  for (const path of ['src', '.config', '.oxlintrc.json', 'schemas', 'package.json', 'tsconfig.json'])
    cpSync(join(packageRoot(), path), join(folder, path), { recursive: true });
  symlinkSync(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'));
  for (const { path, added, text } of blocks) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, added ? withLines(readFileSync(file, 'utf8'), text) : text);
  }
  mkdirSync(join(folder, 'stripes'));
  for (let k = 0; k < 48; k++) {
    const grey = Uint8Array.from({ length: 64 }, (_, i) => ((k % 2 ? i % 8 : i >> 3) % 2 ? 200 : k));
    writeFileSync(join(folder, 'stripes', `${k % 2 ? 'down' : 'across'}-${k}.grey`), grey);
  }
  writeFileSync(join(folder, 'README.md'), '<!-- kdpipe:added -->\n<!-- /kdpipe:added -->\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shell = (command: string) => {
  const ended = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8', env: { ...process.env, CI: '1' } });
  return { code: ended.status, output: ended.stdout + ended.stderr };
};

describe('what CONTRIBUTING.md adds', () => {
  it('is every file that its tables name', () => {
    const sections = page.split(/^## /m).filter((section) => section.startsWith('A'));
    for (const section of sections) {
      const named = [...section.matchAll(/^\| `(src\/[\w./-]+\.ts)`/gm)].map(([, path = '']) => path);
      const shown = [...section.matchAll(/^```ts\n\/\/ ([\w./-]+)/gm)].map(([, path = '']) => path);
      expect(shown).toEqual(named);
    }
    expect(blocks.filter(({ added }) => added).length).toBe(7);
  });

  it('is well typed, linted and within the layers', () => {
    expect(shell('npx oxlint --deny-warnings --format unix src')).toEqual({ code: 0, output: '' });
    expect(shell('npx depcruise --config .config/layers.cjs src')).toMatchObject({ code: 0 });
  });

  it('runs, after the schemas are written again', () => {
    expect(shell('npx tsx .config/build-schemas.ts')).toMatchObject({ code: 0 });
    expect(shell('npx tsx .config/build.ts')).toEqual({ code: 0, output: '' });
    const kdpipe = (...args: readonly string[]) =>
      execFileSync('node', ['dist/cli/main.js', ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, CI: '1' },
      });
    expect(kdpipe('list', 'models')).toContain('two_layers');
    expect(kdpipe('list', 'datasets')).toContain('stripes');
    expect(kdpipe('list', 'methods')).toContain('LogitMatch');
    expect(kdpipe('list', 'engines')).toContain('plain');
    expect(kdpipe('list', 'kinds')).toContain('count');
    expect(kdpipe('run', 'pipelines/added.yaml', '--executor', 'one-by-one', '--json')).toContain('"run-finished"');
    const told = readdirSync(join(folder, 'told')).map((file) => readFileSync(join(folder, 'told', file), 'utf8'));
    expect(told.map((text) => (JSON.parse(text) as { cell: string }).cell)).toContain('number');
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toMatch(
      /\| two_layers \| none +\| +\d\.\d{4} \|\n\| convnet4 +\| LogitMatch \| +\d\.\d{4} \|/,
    );
  });
});
