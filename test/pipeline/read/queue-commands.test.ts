import { describe, expect, it } from 'vitest';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

const plan = (head: string) => {
  const text = `${head}\nstages:\n  a: { uses: command, with: { shell: 'true' } }\n`;
  return planPipeline({ file: 'p.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() });
};

describe('the command lines of a queue', () => {
  it('are three, with the most jobs at once', () => {
    const result = plan('executor: command\ncommand: { submit: qsub, status: ./q $USER, cancel: qdel, jobs: 9 }');
    expect(result).toMatchObject({
      ok: true,
      value: {
        plan: { executor: 'command', command: { submit: 'qsub', status: './q $USER', cancel: 'qdel', jobs: 9 } },
      },
    });
  });

  it.each([
    ['command: { submit: qsub, status: qstat }', ['command has no cancel [missing-key]']],
    ['command: { submit: qsub, status: 1, cancel: qdel }', ['command.status is 1 [wrong-type]']],
    [
      "command: { submit: 'qsub ${params.x}', status: s, cancel: c }",
      ['command.submit holds an expression [misplaced-expression]'],
    ],
    ['command: { submit: a, status: b, cancel: c, jobs: 0 }', ['command.jobs is 0 [bad-limit]']],
    ['command: { submit: a, status: b, cancel: c, queue: d }', ['command has no key "queue" [unknown-key]']],
  ])('%s is refused', (head, expected) => {
    const result = plan(head);
    expect(result.ok ? [] : result.failures.map(({ code, message }) => `${message} [${code}]`)).toEqual(expected);
  });
});
