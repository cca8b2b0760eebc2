import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

/** Two teachers, two students each, one score a student; each command appends its cell to trace.txt when it runs. */
const pipeline = `name: trial
params: { lr: 0.1, note: hello }
stages:
  teacher:
    uses: command
    matrix: { size: [1, 2] }
    with:
      shell: 'echo "$KDPIPE_STAGE" >> "$TRACE"; echo "teacher \${matrix.size}" > "$KDPIPE_OUT/weights"'
      outputs: { weights: weights }
      env: { TRACE: "\${env.TRACE}" }
  student:
    uses: command
    matrix: { teacher: ["\${stages.teacher}"], seed: [0, 1] }
    with:
      shell: 'echo "$KDPIPE_STAGE" >> "$TRACE"; cat "$KDPIPE_INPUT_TEACHER" > "$KDPIPE_OUT/weights"; echo \${params.lr} $KDPIPE_SEED >> "$KDPIPE_OUT/weights"'
      inputs: { teacher: "\${matrix.teacher.weights}" }
      outputs: { weights: weights }
      env: { TRACE: "\${env.TRACE}" }
      seed: "\${matrix.seed}"
  score:
    uses: command
    matrix: { of: ["\${stages.student}"] }
    with:
      shell: 'echo "$KDPIPE_STAGE" >> "$TRACE"; n=$(wc -c < "$KDPIPE_INPUT_OF"); echo "{\\"test\\":{\\"accuracy\\":0.$n}}" > "$KDPIPE_OUT/metrics.json"'
      inputs: { of: "\${matrix.of.weights}" }
      outputs: { metrics: metrics.json }
      metrics: metrics.json
      env: { TRACE: "\${env.TRACE}" }
tables:
  results:
    from: score
    rows: [teacher]
    columns: [test.accuracy]
    into: README.md
`;
const readme = '# Trial\n\n<!-- kdpipe:results -->\n<!-- /kdpipe:results -->\n\nEnd.\n';

let project: Project;
beforeEach(() => (project = new Project({ 'pipelines/trial.yaml': pipeline, 'README.md': readme })));
afterEach(() => project.remove());

const environment = () => ({ TRACE: project.path('trace.txt') });
const run = (...args: readonly string[]) => project.runWith(environment(), 'run', 'pipelines/trial.yaml', ...args);
/** The cells that ran since the last call, sorted. */
function traced(): readonly string[] {
  const lines = existsSync(project.path('trace.txt')) ? project.read('trace.txt').trim().split('\n') : [];
  project.write('trace.txt', '');
  return lines.filter((line) => line !== '').sort();
}
const stages = (cells: readonly string[]) => cells.map((cell) => cell.replace(/\[.*/s, ''));

describe('kdpipe run', () => {
  it('runs every cell, then none, and writes the table', () => {
    const first = run();
    expect(first).toMatchObject({ code: 0 });
    expect(stages(traced())).toEqual([
      ...Array<string>(4).fill('score'),
      ...Array<string>(4).fill('student'),
      ...Array<string>(2).fill('teacher'),
    ]);
    const table = project.read('README.md');
    expect(table).toMatch(/\| teacher .*\| +test\.accuracy/);
    expect(table).toContain('± 0.0000 (n=2)');
    expect(table.endsWith('<!-- /kdpipe:results -->\n\nEnd.\n')).toBe(true);

    const again = run();
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain('nothing to do');
    expect(traced()).toEqual([]);
    expect(project.read('README.md')).toBe(table);
  });

  it('sees every change after a run that had nothing to do', () => {
    run();
    run();
    const table = project.read('README.md');
    const idle = 'nothing to do: 10 cells reused';
    expect(run().stderr).toContain(idle);

    project.write('README.md', table.replace('(n=2)', '(n=3)'));
    expect(run().stderr).toMatch(/nothing to do: 10 cells reused.*\ntable results written to README.md/);
    expect(project.read('README.md')).toBe(table);

    traced();
    const moved = { TRACE: project.path('trace-2.txt') };
    expect(project.runWith(moved, 'run', 'pipelines/trial.yaml').stderr).toContain('10 ran');
    expect(run().stderr).toContain(idle);
    project.write('pipelines/trial.yaml', pipeline.replace('lr: 0.1', 'lr: 0.2'));
    expect(run().stderr).toContain('2 reused');
    project.write('pipelines/trial.yaml', `${pipeline}\n`);
    expect(run().stderr).toContain(idle);
  });

  it('reruns exactly the cone of a changed parameter, and what -n printed is what ran', () => {
    run();
    traced();
    const preview = project.runWith(environment(), 'run', '-n', '--json', 'pipelines/trial.yaml', '-S', 'lr=0.2');
    expect(preview.code).toBe(0);
    const cells = (JSON.parse(preview.stdout) as { cells: readonly { cell: string; status: string }[] }).cells;
    expect(traced()).toEqual([]);
    expect(run('-S', 'lr=0.2').code).toBe(0);
    const ran = traced();
    expect(stages(ran)).toEqual(['score', 'score', 'score', 'score', 'student', 'student', 'student', 'student']);
    expect(
      cells
        .filter((cell) => cell.status !== 'reuse')
        .map((cell) => cell.cell)
        .sort(),
    ).toEqual(ran);
  });

  it('reuses results of an older value when it comes back', () => {
    run();
    run('-S', 'lr=0.2');
    traced();
    expect(run().stderr).toContain('nothing to do');
    expect(traced()).toEqual([]);
  });

  it('stops the wave where a stage rewrote equal bytes', () => {
    run();
    traced();
    project.write('pipelines/trial.yaml', pipeline.replace('echo "teacher ', 'true; echo "teacher '));
    expect(run().code).toBe(0);
    expect(stages(traced())).toEqual(['teacher', 'teacher']);
  });

  it('ignores comments, key order and spelled-out defaults', () => {
    run();
    traced();
    project.write(
      'pipelines/trial.yaml',
      `# a comment\n${pipeline.replace('params: { lr: 0.1, note: hello }', 'params: { note: hello, lr: 1e-1 }')}`,
    );
    expect(run().stderr).toContain('nothing to do');
    expect(traced()).toEqual([]);
  });

  it('exits 1 when a stage fails, names it with its last lines, and completes after the mend', () => {
    const broken = pipeline.replace(
      'cat "$KDPIPE_INPUT_TEACHER"',
      'echo sadly >&2; exit 7; cat "$KDPIPE_INPUT_TEACHER"',
    );
    project.write('pipelines/trial.yaml', broken);
    const failed = run('-k');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('student[');
    expect(failed.stderr).toContain('sadly');
    expect(failed.stderr).toMatch(/exit(ed with)?( code)? 7/);
    traced();
    project.write('pipelines/trial.yaml', pipeline);
    expect(run().code).toBe(0);
    expect(stages(traced())).not.toContain('teacher');
  });

  it('runs only what is asked for', () => {
    expect(run('--to', 'teacher').code).toBe(0);
    expect(stages(traced())).toEqual(['teacher', 'teacher']);
    expect(run('--force', 'teacher[size=2]', '--to', 'teacher').code).toBe(0);
    expect(traced()).toEqual(['teacher[size=2]']);
  });

  it('keeps a readable record of the run', () => {
    run();
    const [folder = ''] = readdirSync(project.path('runs/trial')).filter((name) => !name.includes('.'));
    const events = readFileSync(project.path(`runs/trial/${folder}/events.ndjson`), 'utf8')
      .trim()
      .split('\n');
    const types = events.map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types[0]).toBe('run-started');
    expect(types.at(-1)).toBe('run-finished');
    expect(types.filter((type) => type === 'stage-finished')).toHaveLength(10);
    expect(project.read(`runs/trial/${folder}/report.md`)).toContain('test.accuracy');
  });
});

describe('reading commands', () => {
  it('why names the leaf that changed', () => {
    run();
    const why = project.runWith(environment(), 'why', '-f', 'pipelines/trial.yaml', 'student', '-S', 'lr=0.2');
    expect(why.code).toBe(0);
    expect(why.stdout).toMatch(/params\.shell .*0\.1.*→.*0\.2/s);
  });

  it('status, logs, show, list, gc and verify answer', () => {
    run();
    expect(project.run('status').stdout).toContain('10');
    expect(project.run('logs', 'teacher[size=1]').code).toBe(0);
    expect(project.run('show', 'teacher[size=1]').stdout).toContain('command');
    expect(project.run('list', 'kinds').stdout).toContain('command');
    expect(project.run('verify')).toMatchObject({ code: 0 });
    const keys = project.keys();
    expect(project.run('gc').code).toBe(0);
    expect(project.keys()).toEqual(keys);
  });

  it('verify finds a changed byte and names the file', () => {
    run();
    const [key = ''] = project.keys();
    project.write(`runs/.store/${key.slice(0, 2)}/${key}/planted`, 'x');
    const verified = project.run('verify');
    expect(verified.code).toBe(1);
    expect(verified.stdout + verified.stderr).toContain('planted');
  });

  it('report --check exits 3 when a number in the table was edited', () => {
    run();
    const check = () => project.runWith(environment(), 'report', '--check', 'pipelines/trial.yaml');
    expect(check().code).toBe(0);
    project.write('README.md', project.read('README.md').replace('± 0.0000', '± 0.0001'));
    const drift = check();
    expect(drift.code).toBe(3);
    expect(drift.stdout + drift.stderr).toContain('README.md');
  });
});

describe('a killed run', () => {
  it('is completed by the next one, without repeating what was done', async () => {
    const slow = pipeline.replace(
      'cat "$KDPIPE_INPUT_TEACHER"',
      'while [ ! -e "$TRACE.go" ]; do sleep 0.05; done; cat "$KDPIPE_INPUT_TEACHER"',
    );
    project.write('pipelines/trial.yaml', slow);
    process.env['TRACE'] = environment().TRACE;
    const child = project.start('run', 'pipelines/trial.yaml');
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const running = existsSync(project.path('trace.txt')) && project.read('trace.txt').includes('student');
        if (running && project.keys().length === 2) {
          clearInterval(timer);
          resolve();
        }
      }, 20);
    });
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    traced();
    project.write('trace.txt.go', '');
    expect(run().code).toBe(0);
    expect(stages(traced())).not.toContain('teacher');
  });
});
