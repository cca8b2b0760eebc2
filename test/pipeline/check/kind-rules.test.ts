import { describe, expect, it } from 'vitest';
import type { CheckContext, ParamProblem, StageKind } from '../../../src/stages/stage-kind.ts';
import type { ValueObject } from '../../../src/core/plan.ts';
import { kinds } from '../support/kinds.ts';
import { failuresOf, planOf, problemsOf, underlined, type Options } from '../support/planning.ts';

/** What a rule saw, by the cell's seed. */
interface Seen {
  readonly params: ValueObject;
  readonly context: CheckContext;
}

/** The small kinds with a rule for students. */
const withRule = (check: NonNullable<StageKind['check']>): Options => ({
  kinds: { ...kinds, 'distill-student': { ...kinds['distill-student'], check } },
});

const text = (student: string, head = ''): string =>
  [
    head,
    'stages:',
    '  d: { uses: dataset, with: { source: mnist } }',
    '  t: { uses: train-teacher, with: { data: "${stages.d}", model: resnet50, epochs: 7 } }',
    '  s:',
    '    uses: distill-student',
    `    ${student}`,
  ].join('\n');

const plain = 'with: { data: "${stages.d}", teacher: "${stages.t}", model: mobilenetv2, lr: 0.5 }';

function seenBy(student: string, head = ''): readonly Seen[] {
  const seen: Seen[] = [];
  planOf(
    text(student, head),
    withRule((params, context) => {
      seen.push({ params, context });
      return [];
    }),
  );
  return seen;
}

describe('a rule of a kind', () => {
  it('sees the full parameters of every cell', () => {
    const seen = seenBy(`seeds: 2\n    ${plain}`);
    expect(seen.map(({ params }) => params['seed'])).toEqual([0, 1]);
    expect(seen[0]?.params).toMatchObject({ lr: 0.5, kd_ratio: 0.5, blocks: [3, 4] });
  });

  it.each<[string, boolean]>([
    ['lr', true],
    ['kd_ratio', true],
    ['seed', true],
    ['epochs', true],
    ['ema', false],
    ['blocks', false],
    ['nothing', false],
  ])('knows whether the user gave %s: %s', (name, given) => {
    const head = 'defaults: { distill-student: { epochs: 3 } }';
    const [seen] = seenBy(`matrix: { seed: [1], include: [{ seed: 1, kd_ratio: 1 }] }\n    ${plain}`, head);
    expect(seen?.context.given(name)).toBe(given);
  });

  it('sees the cell behind a reference, and nothing behind other values', () => {
    const [seen] = seenBy(plain);
    expect(seen?.context.upstream('teacher')).toMatchObject({ kind: 'train-teacher', params: { epochs: 7 } });
    expect(seen?.context.upstream('data')).toMatchObject({ kind: 'dataset' });
    expect(seen?.context.upstream('teacher.data')).toMatchObject({ kind: 'dataset', params: { source: 'mnist' } });
    const none = ['lr', 'blocks', 'blocks.0', 'nothing', 'constructor', 'model.length'];
    for (const name of [...none, 'teacher.epochs', 'teacher.cell', 'lr.data']) {
      expect(seen?.context.upstream(name)).toBeUndefined();
    }
  });

  it('sees facts of registered names, and none of others', () => {
    const [seen] = seenBy(plain);
    expect(seen?.context.facts('models', 'mobilenetv2')).toEqual({ dropout: true });
    expect(seen?.context.facts('models', 'constructor')).toBeUndefined();
    expect(seen?.context.facts('models', 'nothing')).toBeUndefined();
    expect(seen?.context.facts('constructor', 'name')).toBeUndefined();
  });

  it('is not asked about a cell whose parameters are wrong', () => {
    let asked = 0;
    const options = withRule(() => {
      asked++;
      return [];
    });
    failuresOf(text(plain.replace('lr: 0.5', 'lr: x')), options);
    failuresOf(text(plain.replace('teacher: "${stages.t}", ', '')), options);
    expect(asked).toBe(0);
  });
});

describe('a problem that a rule finds', () => {
  const finds = (...param: ParamProblem['param']): Options =>
    withRule(() => [{ code: 'idle', param, message: 'this does nothing', expected: 'something', fix: 'remove it' }]);
  const place = (student: string, options: Options, head = ''): string => {
    const [failure, ...others] = failuresOf(text(student, head), options);
    expect(others).toEqual([]);
    return `${failure?.place?.line ?? 0} ${failure ? underlined(failure) : ''}`;
  };

  it('keeps what it says', () => {
    expect(failuresOf(text(plain), finds('lr'))).toMatchObject([
      { code: 'idle', message: 'this does nothing', expected: 'something', fix: 'remove it' },
    ]);
  });

  it('is placed where the parameter was given', () => {
    expect(place(plain, finds('lr'))).toBe('7 0.5');
    expect(place(plain.replace('lr: 0.5', 'blocks: [1, 2]'), finds('blocks', 1))).toBe('7 2');
    expect(place(plain, finds('epochs'), 'defaults: { distill-student: { epochs: 3 } }')).toBe('1 3');
    expect(place(`matrix: { seed: [4] }\n    ${plain}`, finds('seed'))).toBe('7 4');
    expect(place(plain.replace('lr: 0.5', 'lr: "${params.lr}"'), finds('lr'), 'params: { lr: 0.25 }')).toBe('1 0.25');
  });

  it('is placed at the stage where nobody gave the parameter', () => {
    expect(place(plain, finds('ema'))).toBe('5 s');
    expect(place(plain, finds())).toBe('5 s');
  });

  it('counts once for all cells, and names the first', () => {
    expect(problemsOf(text(`seeds: 3\n    ${plain}`), finds('lr'))).toEqual([
      '8:82 idle: this does nothing (in 3 cells, the first is s[seed=0])',
    ]);
  });

  it('of one cell names it', () => {
    const options = withRule((params) =>
      params['seed'] === 1 ? [{ code: 'idle', param: ['seed'], message: 'one is unlucky' }] : [],
    );
    expect(problemsOf(text(`seeds: 3\n    ${plain}`), options)).toEqual(['7:12 idle: one is unlucky (in s[seed=1])']);
  });

  it('such as a flag that would do nothing, is one of the file', () => {
    const rdrop = plain.replace('lr: 0.5', 'rdrop: true');
    expect(problemsOf(text(rdrop))).toEqual([]);
    expect(problemsOf(text(rdrop.replace('mobilenetv2', 'resnet18')))).toEqual([
      '7:82 no-dropout: rdrop does nothing: the student has no dropout',
    ]);
  });
});
