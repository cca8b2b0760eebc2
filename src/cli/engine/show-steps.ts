import { printError } from '../terminal.ts';

/** A step of something that takes minutes. */
interface ShownStep {
  readonly title: string;
  /** Whether it was done before. */
  readonly done: boolean;
  run(say: (text: string) => void): Promise<void>;
}

/**
 * Runs steps one after the other, and shows on standard error how far they are: as a live list on a terminal, else a line each.
 *
 * @param steps - to be run
 * @param terminal - where to show them
 * @throws what a step throws; those after it are not run
 */
export async function showSteps(
  steps: readonly ShownStep[],
  terminal: NodeJS.WriteStream = process.stderr,
): Promise<void> {
  if (terminal.isTTY) await showLive(steps, terminal);
  else await showLines(steps);
}

async function showLive(steps: readonly ShownStep[], terminal: NodeJS.WriteStream): Promise<void> {
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const logger = new ListrLogger({ processOutput: new ProcessOutput(terminal, terminal) });
  const tasks = steps.map((step) => ({
    title: step.title,
    skip: () => step.done && 'done before',
    task: (_: unknown, task: { output: string }) => step.run((text) => (task.output = text)),
  }));
  await new Listr(tasks, { rendererOptions: { logger, showSkipMessage: false }, registerSignalListeners: false }).run();
}

async function showLines(steps: readonly ShownStep[]): Promise<void> {
  for (const [at, step] of steps.entries()) {
    printError(`${at + 1}/${steps.length} ${step.title}${step.done ? ': done before' : ''}`);
    if (!step.done) await step.run(() => undefined);
  }
}
