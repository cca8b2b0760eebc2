import { delimiter } from 'node:path';
import type { Project } from './project.ts';

/** Programs of a queue that takes all and starts nothing: what `kdpipe run --executor slurm` calls. */
const programs = {
  sbatch: `case " $* " in *" --test-only "*) exit 0 ;; esac
id=$(($(wc -l < jobs) + 1))
for word; do case $word in --job-name=*) name=\${word#*=} ;; --array=*) array=\${word#*=} ;; esac; done
echo "$id|$array|PENDING|JobHeldUser|$name" >> jobs
echo "$id"`,
  squeue: 'cat jobs',
  scontrol: 'echo "MaxArraySize = 1001"',
  scancel: 'echo "$*" >> cancelled; sed -i "s/PENDING|JobHeldUser/CANCELLED|None/" jobs',
  srun: 'exit 1',
} as const;

/**
 * Puts a queue that starts nothing into a project.
 *
 * @param project - whose folder has the programs then, and the files `jobs` and `cancelled`
 * @returns variables by which kdpipe finds it
 */
export function idleSlurm(project: Project): { readonly PATH: string } {
  for (const [name, text] of Object.entries(programs))
    project.writeProgram(`bin/${name}`, `#!/bin/bash\ncd ${project.folder}\n${text}\n`);
  project.write('jobs', '');
  return { PATH: [project.path('bin'), process.env['PATH']].join(delimiter) };
}
