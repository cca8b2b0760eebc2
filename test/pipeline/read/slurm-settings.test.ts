import { describe, expect, it } from 'vitest';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

const plan = (head: string, stage = '') => {
  const text = `${head}\nstages:\n  a: { uses: command, with: { shell: 'true' }${stage} }\n`;
  return planPipeline({ file: 'p.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() });
};
const problems = (head: string, stage = '') => {
  const result = plan(head, stage);
  return result.ok ? [] : result.failures.map(({ code, message }) => `${message} [${code}]`);
};

describe('where a pipeline runs', () => {
  it('is not said by most', () => {
    expect(plan('')).toMatchObject({ ok: true, value: { plan: expect.not.objectContaining({ slurm: {} }) } });
  });

  it('is said for all stages, and by each for itself', () => {
    const head =
      'executor: slurm\nslurm: { partition: gpu, time: 1h30m, options: --exclusive, setup: module load node }';
    expect(plan(head, ', slurm: { account: lab, time: 600, pack: 20 }')).toMatchObject({
      ok: true,
      value: {
        plan: {
          executor: 'slurm',
          slurm: {
            all: { partition: 'gpu', time: 5400, options: ['--exclusive'], setup: 'module load node' },
            stages: { a: { account: 'lab', time: 600, pack: 20 } },
          },
        },
      },
    });
  });

  it.each([
    ['executor: cloud', ['executor is "cloud" [unknown-executor]']],
    ['slurm: { time: soon }', ['slurm.time is "soon" [bad-limit]']],
    ['slurm: { time: 0 }', ['slurm.time is 0 [bad-limit]']],
    ['slurm: { time: [1] }', ['slurm.time is a list [bad-limit]']],
    ["slurm: { account: '${params.x}' }", ['slurm.account holds an expression [misplaced-expression]']],
    ['slurm: { queue: gpu }', ['slurm has no key "queue" [unknown-key]']],
    ['slurm: { pack: 0.5 }', ['slurm.pack is 0.5 [bad-limit]']],
    ['slurm: gpu', ['slurm is "gpu" [wrong-type]']],
  ])('%s is refused', (head, expected) => expect(problems(head)).toEqual(expected));
});
