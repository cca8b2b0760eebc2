import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Says how far a step is: a text that replaces the one before. */
export type Say = (text: string) => void;

/** A part of an installation, which leaves a mark only when all of it is done. */
export interface Step {
  /** Names its mark: what it makes is in the name, so that another release does it again. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  run(say: Say): Promise<void>;
}

/** A step, and whether an earlier, interrupted installation has done it. */
export interface PlannedStep {
  readonly title: string;
  readonly done: boolean;
  run(say: Say): Promise<void>;
}

/**
 * Lets steps leave marks, so that an installation that was killed goes on where it was.
 *
 * @param folder - where marks lie; made when the first step is done
 * @param steps - in their order
 * @returns the steps; those that are done already have nothing to do
 */
export function withMarks(folder: string, steps: readonly Step[]): readonly PlannedStep[] {
  return steps.map((step) => {
    const { name, title } = step;
    const mark = join(folder, `${name.replaceAll(/[^\w.=-]/g, '_')}.done`);
    const done = existsSync(mark);
    return {
      title,
      done,
      run: async (say) => {
        if (done) return;
        await step.run(say);
        mkdirSync(folder, { recursive: true });
        writeFileSync(mark, '');
      },
    };
  });
}
