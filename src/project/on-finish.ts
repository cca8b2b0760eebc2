import type { Failure } from '../core/failure.ts';
import { redactor } from '../core/secrets.ts';
import type { RunSummary } from '../scheduler/run-plan.ts';
import { lastWords, runProgram } from '../util/run-program.ts';
import type { PlannedPipeline } from './plan.ts';

/** How long the command may take; milliseconds. */
const patience = 10 * 60 * 1000;

/**
 * Runs the command line that a pipeline wants run when a run has ended; the run stands whatever comes of it.
 *
 * @param pipeline - the plan
 * @param summary - how the run ended
 * @returns what went wrong with the command; undefined where nothing did, there is none, or nothing had to run
 */
export async function runOnFinish(pipeline: PlannedPipeline, summary: RunSummary): Promise<Failure | undefined> {
  const { plan, project } = pipeline;
  const { run, folder, status, seconds, ran, reused, failed, skipped, stopped } = summary;
  if (plan.onFinish === undefined || run === null || folder === null) return undefined;
  const counts = { SECONDS: seconds, RAN: ran, REUSED: reused, FAILED: failed, SKIPPED: skipped, STOPPED: stopped };
  const env = {
    KDPIPE_STATUS: status,
    KDPIPE_PIPELINE: plan.name,
    KDPIPE_RUN: run,
    KDPIPE_RUN_FOLDER: folder,
    ...Object.fromEntries(Object.entries(counts).map(([name, value]) => [`KDPIPE_${name}`, String(value)])),
  };
  const end = await runProgram('sh', ['-c', plan.onFinish], { cwd: project.root, env, patience });
  if (end.status === 0) return undefined;
  const how =
    end.status === null ? `did not end within ${patience / 60_000} min, or was ended` : `ended with code ${end.status}`;
  return {
    code: 'on-finish-failed',
    message: `on_finish ${how}: ${redactor(plan.secrets).text(lastWords(end.said, 1) || plan.onFinish)}`,
    expected: 'a command line that ends with code 0',
    fix: 'mend it: the run itself is as it is, and is not made again',
  };
}
