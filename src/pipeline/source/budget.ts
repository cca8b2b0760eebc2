import type { JsonObject } from '../../core/json.ts';
import type { SourceLocation } from './location.ts';
import type { Problem } from './problem.ts';

/** What planning may use, all stages together; `limits:` of a pipeline file raises it. */
export const usualLimits = {
  /** Cells of all stages. */
  cells: 100_000,
  /** Tables and plots. */
  tables: 1000,
  /** Values in lists and mappings that planning makes, references that it collects, and cells that tables look at. */
  nodes: 10_000_000,
  /** Characters of texts that planning makes: of parameters, of ids of cells. */
  characters: 128 * 1024 * 1024,
} as const;

/** What is limited. */
export type Limited = keyof typeof usualLimits;

/** The schema of `limits:`. */
export const limitsSchema: JsonObject = {
  type: 'object',
  description: 'What the plan may take, where more than usual is meant.',
  properties: Object.fromEntries(
    Object.entries(usualLimits).map(([name, most]) => [
      name,
      { type: 'integer', minimum: 1, default: most, description: `Usually ${most}.` },
    ]),
  ),
  additionalProperties: false,
};

/** Most problems that are told: whoever has more has made one mistake many times. */
export const mostProblems = 200;

/** Ends planning: what would follow has no end worth waiting for. Its problem is all that is still to be said. */
export class PlanningEnds extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'PlanningEnds';
    this.problem = problem;
  }
}

/** Counts what a plan takes. A few lines of text can stand for more than a machine holds: that is refused before it is made. */
export class Budget {
  readonly #limits: Record<Limited, number> = { ...usualLimits };
  readonly #spent: Record<Limited, number> = { cells: 0, tables: 0, nodes: 0, characters: 0 };

  /** Sets what the pipeline file says in `limits:`. */
  allow(what: Limited, most: number): void {
    this.#limits[what] = most;
  }

  /** The most of something. */
  most(what: Limited): number {
    return this.#limits[what];
  }

  /**
   * Takes something, before it is made.
   *
   * @param what - what is taken
   * @param amount - how many
   * @param location - what asks for them
   * @throws PlanningEnds when that is more than is left
   */
  spend(what: Limited, amount: number, location: SourceLocation): void {
    this.#spent[what] += amount;
    if (this.#spent[what] <= this.#limits[what]) return;
    const most = this.#limits[what];
    throw new PlanningEnds({
      code: 'plan-too-large',
      message: `the pipeline stands for more than ${most} ${what}`,
      expected: `at most ${most} ${what} in all stages together`,
      fix: `if that is meant, raise it at the top of the file: limits: { ${what}: ${most * 10} }`,
      location,
      atKey: true,
    });
  }

  /**
   * Ends planning where there are more problems than anybody reads.
   *
   * @param count - how many there are
   * @param location - of the last one
   * @throws PlanningEnds when they are too many
   */
  tell(count: number, location: SourceLocation): void {
    if (count < mostProblems) return;
    throw new PlanningEnds({
      code: 'too-many-problems',
      message: `there are more than ${mostProblems} problems; the rest of the file is not looked at`,
      expected: 'a file whose first problems are mended',
      location,
    });
  }
}
