import { describe, expect, it } from 'vitest';
import { planPipeline } from '../../src/pipeline/plan.ts';
import type { Planned } from '../../src/pipeline/verdict.ts';
import { unwrap } from '../../src/core/result.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kinds } from '../../src/stages/registry.ts';
import { noteLines } from '../../src/ui/failure-text.ts';

/** A study that warms up, steps, ramps and excludes: what a short trial of it leaves without effect. */
const study = (head = 'params: { epochs: 60 }', student = '') => `${head}
defaults:
  train-teacher: { epochs: "\${params.epochs}", warmup: true }
  distill-student: { epochs: "\${params.epochs}", schedule: step, ramp: 5 }
stages:
  digits: { uses: dataset, with: { source: mnist-digits } }
  teacher: { uses: train-teacher, with: { data: "\${stages.digits}", model: resnet20 } }
  student:
    uses: distill-student
    matrix:
      kd_method: [SoftTarget, AT]
      include: [{ kd_method: SoftTarget, kd_ratio: 0.7 }, { kd_method: AT, kd_ratio: 1000 }]
    with: { data: "\${stages.digits}", teacher: "\${stages.teacher}", model: resnet8${student} }
  score:
    uses: evaluate
    matrix: { of: ["\${stages.student}"] }
    with: { data: "\${stages.digits}" }
tables:
  all: { from: score, rows: [kd_method], columns: [test.accuracy] }
  soft: { from: "score[kd_method=SoftTarget]", rows: [kd_ratio], columns: [test.accuracy] }
`;

const result = (text: string, ...overrides: string[]) =>
  planPipeline({ file: 'p.yaml', text }, { env: {}, overrides, kinds, catalogue: catalogue() });
const planned = (text: string, ...overrides: string[]): Planned => unwrap(result(text, ...overrides));
const failures = (text: string, ...overrides: string[]) => {
  const made = result(text, ...overrides);
  return (made.ok ? made.value.faults : made.failures).map(({ code, message }) => `${code}: ${message}`);
};

describe('what only an override makes idle', () => {
  it('is a note: the trial runs, with its tables', () => {
    const { plan, notes, faults } = planned(study(), 'epochs=1');
    expect(faults).toEqual([]);
    expect(plan.cells).toHaveLength(6);
    expect(plan.cells.map(({ params }) => params['epochs'])).toEqual([undefined, 1, 1, 1, undefined, undefined]);
    expect(plan.tables.map(({ name }) => name)).toEqual(['all', 'soft']);
    expect(noteLines(notes)).toEqual([
      expect.stringMatching(
        /^note: p\.yaml:3:\d+: warmup would do nothing: floor\(0\.05 · 1\) = 0 epochs of warm-up, with -S epochs=1$/,
      ),
      expect.stringMatching(
        /^note: p\.yaml:4:\d+: schedule would do nothing: .*, with -S epochs=1 \(in 2 cells, the first is /,
      ),
      expect.stringMatching(/^note: p\.yaml:4:\d+: nothing would be distilled: .*, with -S epochs=1 \(in 2 cells/),
    ]);
  });

  it('is refused where the file itself says it, with or without overrides', () => {
    const head = 'params: { epochs: 2, lr: 0.1 }';
    const said = ['no-effect: warmup would do nothing: floor(0.05 · 2) = 0 epochs of warm-up'];
    const whole = study(head).replace(', schedule: step, ramp: 5', ', lr: "${params.lr}"');
    expect(failures(whole)).toEqual(said);
    expect(failures(whole, 'lr=0.2')).toEqual(said);
    expect(failures(whole, 'epochs=3')).toEqual([
      'no-effect: warmup would do nothing: floor(0.05 · 3) = 0 epochs of warm-up',
    ]);
    expect(failures(whole, 'epochs=60')).toEqual([]);
  });

  it('is refused where the override itself is what does nothing', () => {
    expect(failures(study(), 'student.with.warmup_ratio=0.2')).toEqual([
      expect.stringMatching(/^no-effect: warmup_ratio would do nothing: warmup is false \(in 2 cells/),
    ]);
  });

  it('covers an option of a method that is swept away', () => {
    const text = study(undefined, ', temperature: 3')
      .replace('[SoftTarget, AT]', '[SoftTarget]')
      .replace(', { kd_method: AT, kd_ratio: 1000 }', '');
    const { plan, notes } = planned(text, 'kd_method=AT', 'student.with.kd_ratio=10');
    expect(plan.cells.map(({ id }) => id)).toContain('student[kd_method=AT]');
    expect(notes.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringContaining(
          'temperature would do nothing: AT does not read it, with -S kd_method=AT and -S student.with.kd_ratio=10',
        ),
      ]),
    );
  });

  it('lets real mistakes of overrides be mistakes', () => {
    expect(failures(study(), 'epochs=0')).toEqual(expect.arrayContaining([expect.stringContaining('out-of-range')]));
    expect(failures(study(), 'lr=-1')).toEqual([expect.stringContaining('unknown-override')]);
  });
});

describe('a table', () => {
  const wrong = study().replace('rows: [kd_method]', 'rows: [kd_methd]');

  it('that is wrong stops neither cells nor the other tables', () => {
    const { plan, notes, faults } = planned(wrong);
    expect(plan.cells).toHaveLength(6);
    expect(plan.tables.map(({ name }) => name)).toEqual(['soft']);
    expect(notes).toEqual([]);
    expect(faults).toMatchObject([{ code: 'unknown-row', place: { line: 19 }, fix: 'did you mean kd_method?' }]);
  });

  it('is wrong as well where a key of it is', () => {
    const { plan, faults } = planned(study().replace('rows: [kd_ratio]', 'row: [kd_ratio]'));
    expect(plan.tables.map(({ name }) => name)).toEqual(['all']);
    expect(faults.map(({ code }) => code)).toEqual(['missing-key', 'unknown-key']);
  });

  it('whose cells an override takes away is left out, and it is said why', () => {
    const { plan, notes, faults } = planned(study(), 'kd_method=AT');
    expect(faults).toEqual([]);
    expect(plan.tables.map(({ name }) => name)).toEqual(['all']);
    expect(notes.map(({ message }) => message)).toEqual([
      'score[kd_method=SoftTarget] names no cell: none has kd_method=SoftTarget, with -S kd_method=AT',
    ]);
  });

  it('is told of beside what is wrong with cells', () => {
    expect(failures(wrong.replace('model: resnet8', 'model: resnet9')).map((text) => text.split(':')[0])).toEqual([
      'unknown-model',
      'unknown-row',
    ]);
  });
});
