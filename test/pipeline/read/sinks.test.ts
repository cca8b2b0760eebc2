import { describe, expect, it } from 'vitest';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

const plan = (head: string) => {
  const text = `${head}\nstages:\n  a: { uses: command, with: { shell: 'true' } }\n`;
  return planPipeline({ file: 'p.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() });
};

describe('the sinks of a pipeline', () => {
  it('are tools with settings', () => {
    const result = plan('sinks: [{ uses: tensorboard }, { uses: wandb, with: { project: birds } }]');
    const sinks = [
      { uses: 'tensorboard', with: {} },
      { uses: 'wandb', with: { project: 'birds' } },
    ];
    expect(result).toMatchObject({ ok: true, value: { plan: { sinks } } });
  });

  it.each([
    ['sinks: [{ uses: wandbx }]', ['there is no sink "wandbx" [unknown-sink]']],
    ['sinks: [{ with: {} }]', ['a sink has no uses [missing-key]']],
    ['sinks: { uses: wandb }', ['sinks is a mapping [wrong-type]']],
    ['sinks: [{ uses: mlflow, with: { uri: x } }]', ['sink mlflow has no key "uri" [unknown-key]']],
    [
      "sinks: [{ uses: wandb, with: { project: '${params.x}' } }]",
      ['project of sink wandb holds an expression [misplaced-expression]'],
    ],
  ])('%s is refused', (head, expected) => {
    const result = plan(head);
    expect(result.ok ? [] : result.failures.map(({ code, message }) => `${message} [${code}]`)).toEqual(expected);
  });
});
