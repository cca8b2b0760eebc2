import type { Beginning, Growth } from '../../core/growth.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Value, ValueObject } from '../../core/plan.ts';
import type { RecipeParams } from '../../params/recipe.ts';
import { warmupEpochs } from '../../params/shared-rules.ts';

/**
 * Why the rate of a schedule in its first epochs depends on how many there are; null where it does not. Epochs between drops,
 * and those of a wave, are counted from the end of the warm-up,
 * milestones from its beginning.
 */
const DEPENDS: Readonly<Record<RecipeParams['schedule'], string | null>> = {
  cosine: 'schedule: cosine falls over all epochs',
  constant: null,
  step: null,
  milestones: null,
  'cosine-restart-wave': null,
};

const isSchedule = (value: Value | undefined): value is RecipeParams['schedule'] =>
  typeof value === 'string' && Object.hasOwn(DEPENDS, value);

/** A parameter that is a number; its schema has checked it. */
function numberOf(params: ValueObject, name: string): number {
  const value = params[name];
  if (typeof value !== 'number') throw new Error(`parameter ${name} is ${JSON.stringify(value)}`);
  return value;
}

/** Why the warm-ups of two lengths differ. */
function otherWarmup(params: ValueObject, epochs: number): string | null {
  if (params['warmup'] !== true) return null;
  const [first, second] = [epochs, numberOf(params, 'epochs')].map((of) =>
    warmupEpochs(of, numberOf(params, 'warmup_ratio')),
  );
  return first === second ? null : `warm-up is a share of the epochs, ${first} of ${epochs}, and ${second} of all`;
}

/**
 * Why the first epochs of a training are not those of a shorter one with the same recipe. Only the learning rate knows how
 * many epochs there will be: whatever else a recipe says is said in epochs, or of each step. `more-epochs.medium.test.ts`
 * tries every parameter; one that is new has to be added there.
 *
 * @param params - the recipe, without `extend`
 * @param epochs - of the shorter training
 * @returns the reason, a clause; null where the longer training goes on where the shorter one ended
 */
export function whyOtherCourse(params: ValueObject, epochs: number): string | null {
  const { epochs: all, schedule, schedule_epochs: horizon } = params;
  // Both follow the schedule of as many epochs.
  if (epochs === all || horizon !== undefined) return null;
  if (!isSchedule(schedule)) throw new Error(`parameter schedule is ${JSON.stringify(schedule)}`);
  return DEPENDS[schedule] ?? otherWarmup(params, epochs);
}

/** What a training begins as; one that extends a shorter one begins as that, whatever its schedule. */
function beginningOf(params: JsonObject, epochs: number): Beginning {
  const { extend, ...others } = params;
  if (epochs === params['epochs']) return { params };
  if (extend === epochs) return { params: { ...others, epochs } };
  if (extend !== undefined) return { reason: `extend is ${JSON.stringify(extend)}` };
  const reason = whyOtherCourse(params, epochs);
  if (reason === null) return { params: { ...params, epochs } };
  return { reason, remedy: `extend: ${epochs} would go on from there` };
}

/** How trainings grow: more epochs of the same recipe. */
export const trainingGrowth: Growth = {
  params: ['epochs', 'extend'],
  horizon: 'schedule_epochs',
  length: (params) => numberOf(params, 'epochs'),
  unit: 'epochs',
  beginning: beginningOf,
  checkpoint: 'checkpoint.safetensors',
};
