import { describe, expect, it } from 'vitest';
import { taskParameters } from '../../src/fingerprint/task-parameters.ts';
import { planPipeline } from '../../src/pipeline/plan.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kindNamesOf } from '../../src/stages/kind-names.ts';
import { kinds } from '../../src/stages/registry.ts';
import { unwrap } from '../../src/core/result.ts';

const pipeline = (uses: string, defaults: string) =>
  [
    `defaults: { ${defaults} }`,
    'stages:',
    '  digits: { uses: dataset, with: { source: mnist-digits } }',
    `  student: { uses: ${uses}, with: { data: "\${stages.digits}", model: resnet8 } }`,
  ].join('\n');
const planned = (uses: string, defaults = '', overrides: readonly string[] = []) =>
  planPipeline(
    { file: 'p.yaml', text: pipeline(uses, defaults) },
    { env: {}, overrides, kinds, catalogue: catalogue() },
  );

describe('synonyms of kinds', () => {
  it('are train for train-teacher, and no kind’s own name', () => {
    const { all, synonyms } = kindNamesOf(kinds);
    expect([...synonyms]).toEqual([['train', 'train-teacher']]);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual([...Object.keys(kinds), 'train']);
  });

  it('plan the very cells, in uses and in defaults, with overrides too', () => {
    const plan = unwrap(planned('train-teacher', 'train-teacher: { epochs: 3 }', ['student.with.lr=0.5', 'epochs=4']));
    for (const [uses, defaults] of [
      ['train', 'train-teacher: { epochs: 3 }'],
      ['train', 'train: { epochs: 3 }'],
      ['train-teacher', 'train: { epochs: 3 }'],
    ] as const)
      expect(unwrap(planned(uses, defaults, ['student.with.lr=0.5', 'epochs=4']))).toEqual(plan);
    const cell = plan.plan.cells.find(({ stage }) => stage === 'student');
    expect(cell?.kind).toBe('train-teacher');
    expect(cell && taskParameters(cell.params).params).toMatchObject({ epochs: 4, lr: 0.5 });
  });

  it('are refused beside the kind’s own name in defaults', () => {
    const plan = planned('train', 'train: { epochs: 3 }, train-teacher: { lr: 1 }');
    expect(plan.ok ? [] : plan.failures).toMatchObject([
      {
        code: 'defaults-twice',
        message: 'the defaults of train-teacher are given twice, under two names of it (also at line 1)',
      },
    ]);
  });

  it('leave messages with the kind’s own name', () => {
    const plan = planned('trian-teacher');
    expect(plan.ok ? '' : plan.failures[0]?.fix).toContain('train-teacher');
  });
});
