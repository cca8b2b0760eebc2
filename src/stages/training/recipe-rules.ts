import type { Value, ValueObject } from '../../core/plan.ts';
import { isList } from '../../core/json.ts';
import { ownValue } from '../../core/own.ts';
import { warmupEpochs } from '../../params/shared-rules.ts';
import { whyOtherCourse } from './growth.ts';
import type { CheckContext, ParamProblem, StageKind } from '../stage-kind.ts';

/**
 * A flag that would do nothing.
 *
 * @param name - the parameter
 * @param reason - why it does nothing, a clause
 * @param fix - how to mend it
 * @returns the problem
 */
export const noEffect = (name: string, reason: string, fix: string): ParamProblem => ({
  code: 'no-effect',
  param: [name],
  message: `${name} would do nothing: ${reason}`,
  fix,
});

/** When a parameter of the recipe, though given, would do nothing; and why. */
interface IdleRule {
  readonly name: string;
  readonly idle: (params: ValueObject) => boolean;
  readonly reason: (params: ValueObject) => string;
  readonly fix: string;
}

/**
 * Writes a value as a message shows it.
 *
 * @param value - of a parameter
 * @returns a text as it is, anything else as JSON
 */
export const textOf = (value: Value | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A parameter that only some values of another one read. */
const readBy = (name: string, other: string, values: readonly (string | true)[]): IdleRule => ({
  name,
  idle: (params) => !values.some((value) => value === params[other]),
  reason: (params) => `${other} is ${textOf(params[other])}`,
  fix: `write ${other}: ${values.join(' or ')}, or remove ${name}`,
});

const COSINES = ['cosine', 'cosine-restart-wave'] as const;

const IDLE: readonly IdleRule[] = [
  readBy('warmup_ratio', 'warmup', [true]),
  readBy('warmup_lr', 'warmup', [true]),
  readBy('min_lr', 'schedule', COSINES),
  readBy('step_size', 'schedule', ['step']),
  readBy('step_gamma', 'schedule', ['step', 'milestones']),
  readBy('milestones', 'schedule', ['milestones']),
  readBy('nesterov', 'optimizer', ['sgd']),
  {
    name: 'grad_clip_mode',
    idle: ({ grad_clip: bound }) => bound === null,
    reason: () => 'grad_clip is null',
    fix: 'write grad_clip, or remove grad_clip_mode',
  },
  readBy('ema_decay', 'ema', [true]),
  readBy('crop_padding', 'crop', ['pad']),
  readBy('padding_mode', 'crop', ['pad']),
  readBy('mixup_alpha', 'mixup', ['mixup', 'cutmix']),
  readBy('t_max', 'schedule', ['cosine-restart-wave']),
  readBy('poly_epsilon', 'loss', ['poly']),
  readBy('focal_gamma', 'loss', ['focal']),
  readBy('rdrop_alpha', 'rdrop', [true]),
  readBy('rdrop_reduction', 'rdrop', [true]),
  {
    name: 'mixup',
    idle: ({ mixup, batch_size: size }) => mixup !== 'none' && size === 1,
    reason: () => 'batch_size is 1, and images are mixed with others of their batch',
    fix: 'raise batch_size, or remove mixup',
  },
  {
    name: 'on_nan',
    idle: ({ on_nan: answer, amp }) => answer === 'retry-float32' && amp !== true,
    reason: () => 'amp is false, so that the stage runs in float32 already',
    fix: 'write on_nan: stop, or remove it',
  },
  {
    name: 'patience',
    idle: ({ select, patience }) => select === 'last' && patience !== 0,
    reason: () => 'select is last, so that the newest epoch is always the best',
    fix: 'select by a validation number, or remove patience',
  },
];

/** Two starts. */
function twoStarts({ pretrained }: ValueObject, { given }: CheckContext): readonly ParamProblem[] {
  if (pretrained !== true || !given('weights')) return [];
  return [
    {
      code: 'conflicting-params',
      param: ['pretrained'],
      message: 'both pretrained and weights are given',
      expected: 'at most one of them',
      fix: 'remove one: pretrained: true is weights: imagenet',
    },
  ];
}

/** Epochs over which the schedule is laid. */
const scheduled = ({ epochs, schedule_epochs: horizon = epochs }: ValueObject): Value | undefined => horizon;

function emptyWarmup(params: ValueObject): readonly ParamProblem[] {
  const { warmup, warmup_ratio: ratio } = params;
  const epochs = scheduled(params);
  if (warmup !== true || typeof epochs !== 'number' || typeof ratio !== 'number') return [];
  if (warmupEpochs(epochs, ratio) > 0) return [];
  const needed = Math.ceil(1 / ratio);
  const reason = `floor(${ratio} · ${epochs}) = 0 epochs of warm-up`;
  return [
    noEffect('warmup', reason, `train for at least ${needed} epochs, raise warmup_ratio, or write warmup: false`),
  ];
}

/** Steps that would come after the last epoch. */
function emptySteps({ schedule, step_size: size, ...params }: ValueObject): readonly ParamProblem[] {
  const { warmup, warmup_ratio: ratio } = params;
  const epochs = scheduled(params);
  if (schedule !== 'step' || typeof size !== 'number' || typeof epochs !== 'number') return [];
  const left = epochs - (warmup === true && typeof ratio === 'number' ? warmupEpochs(epochs, ratio) : 0);
  if (size < left) return [];
  const reason = `its first drop is ${size} epochs after the warm-up, of which there are ${left}`;
  return [noEffect('schedule', reason, 'lower step_size, or write schedule: constant')];
}

/** A schedule without its epochs, or with none that is reached. */
function checkMilestones(params: ValueObject, { given }: CheckContext): readonly ParamProblem[] {
  const { schedule, milestones } = params;
  const epochs = scheduled(params);
  if (schedule !== 'milestones') return [];
  if (!isList(milestones))
    return [
      {
        code: 'missing-param',
        param: ['schedule'],
        message: 'schedule is milestones, and milestones is not given',
        expected: 'the epochs at which the rate drops',
        fix: 'add e.g. milestones: [150, 180, 210]',
      },
    ];
  if (!given('milestones') || milestones.some((at) => Number(at) < Number(epochs))) return [];
  const reason = `there are ${textOf(epochs)} epochs, and its first drop would come later`;
  return [noEffect('milestones', reason, 'lower them, or write schedule: constant')];
}

/** Two passes of a network that draws nothing are one. */
function equalPasses({ rdrop, model, dropout }: ValueObject, { facts }: CheckContext): readonly ParamProblem[] {
  const known = typeof model === 'string' ? facts('models', model) : undefined;
  const draws = typeof dropout === 'number' ? dropout > 0 || known?.['stochasticDepth'] : known?.['dropout'];
  if (rdrop !== true || typeof model !== 'string' || draws !== false) return [];
  const reason = `${model} has neither dropout nor stochastic depth, so that both passes say the same`;
  return [
    noEffect(
      'rdrop',
      reason,
      'write e.g. dropout: 0.2, take a model that has, e.g. mobilenetv2, or write rdrop: false',
    ),
  ];
}

/** A training to extend that is no shorter, or whose end is passed anyway. */
function emptyExtension({ extend, ...params }: ValueObject): readonly ParamProblem[] {
  const { epochs } = params;
  if (typeof extend !== 'number' || typeof epochs !== 'number') return [];
  if (extend >= epochs) {
    const message = `extend is ${extend}, and epochs is ${epochs}`;
    return [
      {
        code: 'out-of-range',
        param: ['extend'],
        message,
        expected: 'extend < epochs',
        fix: 'raise epochs, or lower extend',
      },
    ];
  }
  if (whyOtherCourse(params, extend) !== null) return [];
  const reason = `the first ${extend} of ${epochs} epochs are those of epochs: ${extend} anyway`;
  return [noEffect('extend', reason, 'remove it: a training of fewer epochs is gone on from by itself')];
}

/** A schedule that ends before the training, or of which nothing asks how long it is. */
function idleHorizon(params: ValueObject): readonly ParamProblem[] {
  const { epochs, schedule_epochs: horizon, schedule, warmup } = params;
  if (typeof horizon !== 'number' || typeof epochs !== 'number') return [];
  const message = `schedule_epochs is ${horizon}, and epochs is ${epochs}`;
  const param = ['schedule_epochs'];
  if (horizon < epochs)
    return [
      {
        code: 'out-of-range',
        param,
        message,
        expected: 'schedule_epochs ≥ epochs',
        fix: 'raise schedule_epochs, or lower epochs',
      },
    ];
  if (schedule === 'cosine' || warmup === true) return [];
  const reason = `schedule: ${textOf(schedule)} does not ask how many epochs there are, and nothing warms up`;
  return [noEffect('schedule_epochs', reason, 'remove it: trainings of more epochs go on by themselves')];
}

/** A profile all of whose defaults are written out. */
function idleProfile(
  { profile }: ValueObject,
  { given }: CheckContext,
  profiles: StageKind['profiles'],
): readonly ParamProblem[] {
  const defaults = profiles && typeof profile === 'string' ? ownValue(profiles, profile) : undefined;
  if (!defaults || !Object.keys(defaults).every(given)) return [];
  const names = Object.keys(defaults);
  const reason = `${names.join(', ').replace(/, (?=[^,]*$)/, ' and ')} ${names.length === 1 ? 'is' : 'are'} written out`;
  return [noEffect('profile', reason, 'remove profile')];
}

/** Rates that a schedule or a warm-up would climb down, or up, from the wrong side. */
function crossedRates(params: ValueObject): readonly ParamProblem[] {
  const { lr, schedule, warmup } = params;
  const isUsed = { min_lr: COSINES.some((name) => name === schedule), warmup_lr: warmup === true };
  return (['min_lr', 'warmup_lr'] as const).flatMap((name): readonly ParamProblem[] => {
    const value = params[name];
    if (!isUsed[name] || typeof value !== 'number' || typeof lr !== 'number' || value <= lr) return [];
    const message = `${name} is ${value}, above lr ${lr}`;
    return [{ code: 'rate-above-lr', param: [name], message, expected: `${name} ≤ lr`, fix: `set ${name} below lr` }];
  });
}

/**
 * Rules of the recipe beyond its schema.
 *
 * @param params - full parameters of the cell
 * @param context - what the user wrote
 * @param profiles - of the kind
 * @returns problems: flags that would do nothing, rates that cross
 */
export function checkRecipe(
  params: ValueObject,
  context: CheckContext,
  profiles: StageKind['profiles'],
): readonly ParamProblem[] {
  const idle = IDLE.filter(({ name, idle: isIdle }) => context.given(name) && isIdle(params));
  return [
    ...idle.map(({ name, reason, fix }) => noEffect(name, reason(params), fix)),
    ...emptyWarmup(params),
    ...emptySteps(params),
    ...checkMilestones(params, context),
    ...emptyExtension(params),
    ...idleHorizon(params),
    ...equalPasses(params, context),
    ...twoStarts(params, context),
    ...idleProfile(params, context, profiles),
    ...crossedRates(params),
  ];
}
