import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from '../../support/project.ts';

/** Four cells, of which the last fails while `fail` is there; a table and a plot of them. */
const pipeline = `name: trial
params: { plus: 1 }
stages:
  m:
    uses: command
    matrix: { v: [1, 2] }
    seeds: 2
    with:
      shell: >
        [ ! -e "$FLAG" ] || [ \${matrix.v}$KDPIPE_SEED != 21 ] &&
        echo "{\\"acc\\": \${matrix.v}\${params.plus}}" > "$KDPIPE_OUT/metrics.json"
      metrics: metrics.json
tables: { r: { from: m, rows: [v], columns: [acc], into: out.md } }
plots: { p: { from: m, x: v, y: acc, into: p.svg } }
`;
const empty = '<!-- kdpipe:r -->\n<!-- /kdpipe:r -->\n';

let project: Project;
beforeEach(() => {
  project = new Project({ 'p.yaml': pipeline, 'out.md': empty });
});
afterEach(() => project.remove());

const flag = () => project.path('fail');
const run = (...flags: readonly string[]) => project.runWith({ FLAG: flag() }, 'run', 'p.yaml', '-j', '1', ...flags);
const report = (...flags: readonly string[]) => project.runWith({ FLAG: flag() }, 'report', 'p.yaml', ...flags);
const table = () => project.read('out.md');

describe('a run that failed in part', () => {
  beforeEach(() => project.write('fail', ''));

  it.each([['-k'], ['-j', '1']])(
    'fills an empty place with what is there, and says what is missing (%s)',
    (...flags) => {
      const { code, stderr } = run(...flags);
      expect(code).toBe(1);
      expect(stderr).toContain('table r written to out.md');
      expect(stderr).toContain('plot p written to p.svg');
      expect(table()).toMatch(/\| 2 +\| +21 \(1\/2\) +\|/);
      expect(table()).toContain('how many of the declared runs have a result so far');
      expect(report('--check').code).toBe(0);
    },
  );

  it('never takes the place of an earlier table, and says so in one line with the command that would', () => {
    expect(run('-k', '-S', 'plus=0', '--report').code).toBe(1);
    const [before, plot] = [table(), project.read('p.svg')];
    const { code, stderr } = run('-k');
    expect(code).toBe(1);
    expect(stderr.match(/^left as it was.*$/gm)).toEqual([
      'left as it was, as results are missing: table r in out.md (3 of 4 cells), plot p in p.svg (3 of 4 cells); to write what is there: kdpipe report p.yaml',
    ]);
    expect([table(), project.read('p.svg')]).toEqual([before, plot]);
    expect(report().stderr).toContain('table r written to out.md');
    expect(table()).toContain('21 (1/2)');
  });

  it('writes the whole table as soon as it is whole', () => {
    run('-k');
    project.write('fail.gone', '');
    expect(project.runWith({ FLAG: project.path('nothing') }, 'run', 'p.yaml').stderr).toContain('table r written');
    expect(table()).toMatch(/\| 2 +\| +21 ± 0/);
  });

  it('leaves the place of a table empty of which nothing is there', () => {
    const none = project.runWith({ FLAG: flag() }, 'run', 'p.yaml', '--only', 'm[v=2,seed=1]');
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('table r in out.md (0 of 4 cells)');
    expect(table()).toBe(empty);
    expect(existsSync(project.path('p.svg'))).toBe(false);
  });
});

describe('a run that is overridden', () => {
  const left =
    "left as it was, as -S may change it: table r in out.md, plot p in p.svg; to write it: kdpipe report p.yaml -S 'plus=7'";

  it('leaves tables and plots as they were, says so in one line, and keeps its own report', () => {
    run();
    const [before, plot] = [table(), project.read('p.svg')];
    const { code, stderr } = run('-S', 'plus=7');
    expect(code).toBe(0);
    expect(stderr).toContain('4 ran');
    expect(stderr.match(/^left as it was.*$/gm)).toEqual([left]);
    expect(stderr).not.toContain('written to');
    expect([table(), project.read('p.svg')]).toEqual([before, plot]);
    const [, name = ''] = /run (\S+)$/m.exec(stderr) ?? [];
    expect(project.read(`runs/trial/${name}/report.md`)).toContain('17 ± 0 (n=2)');
  });

  it('says the same when nothing is left to do', () => {
    run('-S', 'plus=7');
    const { stderr } = run('-S', 'plus=7');
    expect(stderr).toContain('nothing to do: 4 cells reused');
    expect(stderr.match(/^left as it was.*$/gm)).toEqual([left]);
    expect(table()).toBe(empty);
  });

  it('writes with --report, even when the results were there, and tables name the command', () => {
    run('-S', 'plus=7');
    const { stderr } = run('-S', 'plus=7', '--report');
    expect(stderr).toContain('table r written to out.md');
    expect(table()).toContain("<code>kdpipe run p.yaml -j 1 -S 'plus=7' --report</code>");
    expect(table()).toContain('17 ± 0 (n=2)');
  });

  it('is not stopped by a table that it would not write', () => {
    project.write('out.md', 'no markers\n');
    expect(run('-n', '-S', 'plus=7').code).toBe(0);
    expect(run('-S', 'plus=7').code).toBe(0);
    expect(run('-n', '-S', 'plus=7', '--report').code).toBe(2);
    expect(run('-n').code).toBe(2);
    expect(run().code).toBe(2);
  });

  it('is written by the command that it names, with the command that makes it', () => {
    run('-S', 'plus=7');
    expect(report('-S', 'plus=7').stderr).toContain('table r written to out.md');
    expect(table()).toContain("<code>kdpipe run p.yaml -S 'plus=7'</code>");
  });
});

describe('run --no-report', () => {
  it('leaves tables and plots alone without a word, and the next run writes them', () => {
    const { code, stderr } = run('--no-report');
    expect(code).toBe(0);
    expect(stderr).not.toContain('out.md');
    expect(table()).toBe(empty);
    const next = run();
    expect(next.stderr).toContain('nothing to do');
    expect(next.stderr).toContain('table r written to out.md');
  });
});
