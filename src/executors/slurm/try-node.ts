import type { JobRequest } from '../../core/array-job.ts';
import { runProgram } from '../../util/run-program.ts';
import type { NodeWish, Trial } from '../cluster.ts';
import { unfitNode } from '../unfit-node.ts';
import { complaintIn, tryLines } from '../start-lines.ts';
import { requestOptions } from './sbatch.ts';

/** How long a node is waited for, and how long it may take to answer. */
const immediate = { seconds: 1, patience: 10_000 };

/**
 * Asks a node that is idle now whether it can run tasks: by a job of a second, which is not queued where no node is idle.
 *
 * @param request - what tasks ask for
 * @param wish - what they need to see
 * @returns `unknown` where no node was asked, or what it said does not tell
 */
export async function tryNode(request: JobRequest, wish: NodeWish): Promise<Trial> {
  const { setup } = request.settings;
  const script = [...(setup === undefined ? [] : [setup.trimEnd()]), ...tryLines(wish.cwd, wish.shared)].join('\n');
  const asked = requestOptions(request).filter((option) => !/^(?:--time=.*|--signal=.*|--hold|-H)$/.test(option));
  const options = [`--immediate=${immediate.seconds}`, '--quiet', '--job-name=kdpipe-trial', '--chdir=/', '--time=1'];
  const { patience } = immediate;
  const { status, said } = await runProgram('srun', [...asked, ...options, 'bash', '-c', script], { patience });
  const lacking = complaintIn(said);
  if (lacking) return unfitNode(lacking);
  return status === 0 ? 'fit' : 'unknown';
}
