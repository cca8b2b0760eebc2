import { describe, expect, it } from 'vitest';
import { planPipeline } from '../../src/pipeline/plan.ts';
import { programsOf } from '../../src/project/trust.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kinds } from '../../src/stages/registry.ts';

const text = `name: study
executor: slurm
slurm: { setup: "module load  nodejs\\n", options: [--task-prolog=x.sh] }
on_finish: ./tell.sh
sinks: [{ uses: mlflow, with: { tracking_uri: 'https://there' } }]
command: { submit: ./queue.sh submit, status: ./queue.sh status, cancel: ./queue.sh cancel }
stages:
  digits: { uses: dataset, with: { source: mnist-digits }, slurm: { partition: gpu } }
  own: { uses: command, with: { shell: 'echo 1 > "$KDPIPE_OUT/x"', outputs: { x: x } }, slurm: { setup: . env.sh } }
`;

describe('the programs of a plan', () => {
  it('are those of its stages, and what jobs on a cluster start besides', () => {
    const plan = planPipeline({ file: 'p.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() });
    expect(plan.ok && programsOf(plan.value.plan)).toEqual([
      'own: echo 1 > "$KDPIPE_OUT/x"',
      'slurm (setup): module load nodejs',
      'slurm (sbatch): --task-prolog=x.sh',
      'own (setup): . env.sh',
      'command (submit): ./queue.sh submit',
      'command (status): ./queue.sh status',
      'command (cancel): ./queue.sh cancel',
      'on_finish: ./tell.sh',
      'sinks (mlflow): https://there',
    ]);
  });
});
