import type { Command } from 'commander';

/** One command: its line in `kdpipe --help`, and its module, loaded only when it is called. */
export interface CommandEntry {
  readonly summary: string;
  /** True where neither results nor paths count; other commands run in the workspace that the current folder belongs to. */
  readonly anywhere?: boolean;
  /** Gives the commander command with arguments, options and action. */
  readonly load: () => Promise<{ readonly command: () => Command }>;
}

/** Every command of the command line. A new one is one file in `commands/` and one line here. */
export const commands = {
  init: {
    summary: 'write a new study, from flags or questions',
    load: () => import('./commands/init.ts'),
  },
  import: {
    summary: 'turn a configuration of another program into a pipeline',
    load: () => import('./commands/import.ts'),
  },
  run: {
    summary: 'run a pipeline: what is cached is reused',
    load: () => import('./commands/run.ts'),
  },
  plan: {
    summary: 'show the stages and cells that a pipeline stands for',
    load: () => import('./commands/plan.ts'),
  },
  check: {
    summary: 'find every problem of pipeline files',
    load: () => import('./commands/check.ts'),
  },
  why: { summary: 'say why a stage runs, or ran', load: () => import('./commands/why.ts') },
  status: { summary: 'show how far the latest run is', load: () => import('./commands/status.ts') },
  attach: { summary: 'show a run that goes on elsewhere', load: () => import('./commands/attach.ts') },
  cancel: { summary: 'end a run that goes on elsewhere', load: () => import('./commands/cancel.ts') },
  logs: { summary: 'print the log of a stage', load: () => import('./commands/logs.ts') },
  task: {
    summary: 'run one task of a run on a cluster, as its jobs do',
    anywhere: true,
    load: () => import('./commands/task.ts'),
  },
  worker: {
    summary: 'run tasks of a run on a cluster in an allocation that one has',
    load: () => import('./commands/worker.ts'),
  },
  compare: {
    summary: 'say how two runs, cells or revisions differ',
    load: () => import('./commands/compare.ts'),
  },
  history: { summary: 'list the results of a stage over all runs', load: () => import('./commands/history.ts') },
  best: { summary: 'rank the rows of a run by a metric', load: () => import('./commands/best.ts') },
  dashboard: { summary: 'show runs in a browser, live', load: () => import('./commands/dashboard.ts') },
  sync: {
    summary: 'tell TensorBoard, MLflow or W&B of the results of a run',
    load: () => import('./commands/sync.ts'),
  },
  report: {
    summary: 'render the result tables and plots',
    load: () => import('./commands/report.ts'),
  },
  list: {
    summary: 'list kinds, models, methods, datasets or engines',
    anywhere: true,
    load: () => import('./commands/list.ts'),
  },
  show: {
    summary: 'show a run, a stage result or a registered name',
    load: () => import('./commands/show.ts'),
  },
  predict: {
    summary: 'say what a trained network sees in pictures',
    load: () => import('./commands/predict.ts'),
  },
  export: {
    summary: 'write a trained network as ONNX, safetensors or PyTorch',
    load: () => import('./commands/export.ts'),
  },
  push: {
    summary: 'upload a trained network to the Hugging Face Hub',
    load: () => import('./commands/push.ts'),
  },
  path: { summary: 'print where results lie', load: () => import('./commands/path.ts') },
  bench: { summary: 'measure how fast models train here', anywhere: true, load: () => import('./commands/bench.ts') },
  doctor: {
    summary: 'say whether a run works here, and how to mend what does not',
    load: () => import('./commands/doctor.ts'),
  },
  engine: {
    summary: 'install, list or remove engines that do not come with kdpipe',
    anywhere: true,
    load: () => import('./commands/engine.ts'),
  },
  gc: { summary: 'remove results that no run refers to', load: () => import('./commands/gc.ts') },
  verify: { summary: 're-hash the store', load: () => import('./commands/verify.ts') },
  completion: {
    summary: 'print what completes names in a shell',
    anywhere: true,
    load: () => import('./commands/completion.ts'),
  },
} satisfies Record<string, CommandEntry>;
