import { fail } from '../../../core/failure.ts';
import type { Json } from '../../../core/json.ts';
import { at } from '../../../util/at.ts';
import type { Shape } from '../../network/network.ts';
import type { Sides, TapShapes } from '../kd-method.ts';

/** Names of taps. */
type Available = Sides<readonly string[]>;

/** What every teacher that is a classifier has beside its taps: the weight of its last linear layer, [classes, features]. */
export const CLASSIFIER = 'classifier';

/** Tap of what comes before the first block, where a network has it. */
export const STEM = 'stem';

/**
 * Where a block is read before its last ReLU.
 *
 * @param block - name of its tap
 * @param available - names of all taps of the network
 * @returns the tap `preact<n>`; the block's own of a network that has no ReLU there
 */
export function preactivation(block: string, available: readonly string[]): string {
  const before = block.replace('block', 'preact');
  return available.includes(before) ? before : block;
}

/** Option `blocks`, the same of every method that reads maps. */
export const blocksOption = {
  anyOf: [
    {
      type: 'array',
      items: { type: 'integer', minimum: 1, maximum: 4 },
      minItems: 1,
      uniqueItems: true,
    },
    { enum: ['all', 'last'] },
  ],
  description:
    'Blocks whose maps are compared: numbers, all that both networks have, or the last one. By default the last two (AT, SP), all of ' +
    'them (VID, ReviewKD, FSP, KDSVD, AB), the middle one (FitNet), or the last one.',
} as const;

/** Option `temperature`, the same of every method whose paper's value is 4. */
export const temperatureOption = {
  type: 'number',
  exclusiveMinimum: 0,
  default: 4,
  description: 'T: both sides’ logits are divided by it before the softmax.',
} as const;

/**
 * Names a tap of both networks that is no block.
 *
 * @param method - who asks, for the message
 * @param tap - `logits` or `pooled`
 * @param available - names of all taps
 * @returns the tap, on both sides
 * @throws FailureError where a network has no such tap
 */
export function requireTap(method: string, tap: string, available: Available): Available {
  for (const [side, names] of Object.entries(available) as [string, readonly string[]][]) {
    if (names.includes(tap)) continue;
    fail({
      code: 'no-such-tap',
      message: `${method} reads ${tap}, which the ${side} does not have`,
      expected: `one of the ${side}'s taps: ${names.join(', ')}`,
      fix: `choose another ${side}, or a method that reads other taps`,
    });
  }
  return { teacher: [tap], student: [tap] };
}

/** Numbers of the blocks that a network has taps for, ascending. */
const blocksOf = (taps: readonly string[]): readonly number[] =>
  taps
    .flatMap((tap) => /^block(\d+)$/.exec(tap)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

/** Which of the blocks that both networks have are compared where `blocks` is left out. */
export type BlockChoice = (common: readonly number[]) => readonly number[];

/** The last few. */
export const lastBlocks =
  (count: number): BlockChoice =>
  (common) =>
    common.slice(-count);
/** Every one. */
export const allBlocks: BlockChoice = (common) => common;
/** Words for choices. */
const WORDS: ReadonlyMap<Json | undefined, BlockChoice> = new Map([
  ['all', allBlocks],
  ['last', lastBlocks(1)],
]);

/** The middle one; of an even number the earlier of two. */
export const middleBlock: BlockChoice = (common) => common.slice((common.length - 1) >> 1).slice(0, 1);

/**
 * Taps of the blocks asked for, or of the method's own choice.
 *
 * @param method - who asks, for the message
 * @param asked - the option `blocks`
 * @param available - names of all taps
 * @param choose - the method's choice
 * @returns names of block taps, ascending
 * @throws FailureError where a network lacks a block, or both have none in common
 */
export function chooseBlocks(
  method: string,
  asked: Json | undefined,
  available: Available,
  choose: BlockChoice,
): Available {
  const ofTeacher = blocksOf(available.teacher);
  const common = blocksOf(available.student).filter((block) => ofTeacher.includes(block));
  const wanted = Array.isArray(asked) ? asked.map(Number).sort((a, b) => a - b) : (WORDS.get(asked) ?? choose)(common);
  const missing = wanted.filter((block) => !common.includes(block));
  if (missing.length > 0 || common.length === 0) {
    const what = missing.length > 0 ? `asks for block ${missing.join(', ')}` : 'reads blocks';
    fail({
      code: 'no-such-block',
      message: `${method} ${what}, which teacher and student do not both have`,
      expected: common.length > 0 ? `blocks among ${common.join(', ')}` : 'networks with blocks of equal number',
      fix: `write blocks: [${choose(common).join(', ')}], or leave blocks out`,
    });
  }
  const names = wanted.map((block) => `block${block}`);
  return { teacher: names, student: names };
}

/**
 * Refuses a single map where a method compares what happens from one to the next.
 *
 * @param method - who asks, for the message
 * @param taps - that it reads of a side
 * @throws FailureError `no-such-block`
 */
export function requireSeveral(method: string, taps: readonly string[]): void {
  if (taps.length > 1) return;
  fail({
    code: 'no-such-block',
    message: `${method} compares what happens between maps, and there is one: ${taps.join(', ')}`,
    expected: 'two maps at least',
    fix: 'write more blocks',
  });
}

/**
 * Shape of one tap.
 *
 * @param shapes - of one side's taps
 * @param tap - that the method named
 * @returns its shape
 * @throws Error where there is none (a bug)
 */
export function shapeOf(shapes: Readonly<Record<string, Shape>>, tap: string): Shape {
  const shape = shapes[tap];
  if (!shape) throw new Error(`no shape of tap ${tap}`);
  return shape;
}

/** One tap's shapes on both sides. */
export interface TapPair extends Sides<Shape> {
  readonly tap: string;
}

/**
 * Pairs the shapes of both sides by tap.
 *
 * @param shapes - of equally named taps
 * @returns a pair a tap, in the order of the student's
 */
export function pairTaps(shapes: TapShapes): readonly TapPair[] {
  return Object.entries(shapes.student).map(([tap, student]) => ({
    tap,
    student,
    teacher: shapeOf(shapes.teacher, tap),
  }));
}

/**
 * Refuses maps whose channels cannot be compared one by one.
 *
 * @param method - who asks, for the message
 * @param shapes - of equally named taps
 * @throws FailureError `unequal-channels`
 */
export function requireChannels(method: string, shapes: TapShapes): void {
  for (const { tap, student, teacher } of pairTaps(shapes))
    if (student.channels !== teacher.channels)
      fail({
        code: 'unequal-channels',
        message: `${method} can't compare ${tap}: the student's map has ${student.channels} channels, the teacher's ${teacher.channels}`,
        expected: 'maps of as many channels',
        fix: 'choose a student that is as wide as its teacher',
      });
}

/** Shapes of two taps that are compared, which need not have one name. */
export interface TargetPair extends TapPair {
  /** The teacher's tap; the student's is `tap`. */
  readonly target: string;
}

/**
 * Pairs the shapes of both sides in the order in which their taps were named.
 *
 * @param shapes - of as many taps on each side
 * @returns a pair a tap of the student's
 */
export function pairInOrder(shapes: TapShapes): readonly TargetPair[] {
  const { student, teacher } = shapes;
  const targets = Object.keys(teacher);
  return Object.entries(student).map(([tap, shape], k) => {
    const target = at(targets, k);
    return { tap, target, student: shape, teacher: shapeOf(teacher, target) };
  });
}

const sizeOf = ({ height, width }: Shape): string => `${height}×${width}`;

/** Says which maps do not go together, and which blocks would. */
function failUnequal(method: string, { tap, student, teacher }: TapPair, rule: SizeRule, all: TapShapes): never {
  const common = Object.fromEntries(Object.entries(all.student).filter(([name]) => name in all.teacher));
  const fitting = pairTaps({ student: common, teacher: all.teacher })
    .filter((pair) => /^block\d+$/.test(pair.tap) && rule.fits(pair.student, pair.teacher))
    .map((pair) => pair.tap.slice('block'.length));
  return fail({
    code: 'unequal-maps',
    message: `${method} can't compare ${tap}: the student's map is ${sizeOf(student)}, the teacher's ${sizeOf(teacher)}`,
    expected: rule.expected,
    fix:
      fitting.length > 0
        ? `write blocks: [${fitting.join(', ')}]`
        : 'choose a student whose blocks have the same strides as the teacher’s',
  });
}

/** Which sizes of maps go together. */
export interface SizeRule {
  readonly expected: string;
  readonly fits: (student: Shape, teacher: Shape) => boolean;
}

/** Height and width are the same. */
export const EQUAL: SizeRule = {
  expected: 'maps of equal size',
  fits: (a, b) => a.height === b.height && a.width === b.width,
};

/** One is a whole multiple of the other by the same factor in both directions: the larger can be average-pooled. */
export const MULTIPLE: SizeRule = {
  expected: 'maps of equal size, or one a whole multiple of the other',
  fits: (a, b) => {
    const [small, large] = a.height < b.height ? [a, b] : [b, a];
    const factor = large.height / small.height;
    return Number.isInteger(factor) && small.width * factor === large.width;
  },
};

/** The student's map is as large as the teacher's, a whole multiple, or half: what `regressor` takes. */
export const REGRESSED: SizeRule = {
  expected: 'a map of the student as large as the teacher’s, a whole multiple of it, or half of it',
  fits: (student, teacher) => {
    const factor = student.height / teacher.height;
    return (Number.isInteger(factor) || factor === 0.5) && teacher.width * factor === student.width;
  },
};

/**
 * Refuses maps that a method cannot compare.
 *
 * @param method - who asks, for the message
 * @param rule - which sizes go together
 * @param shapes - of the taps that it reads
 * @param all - of all taps of both networks, from which others are suggested
 * @throws FailureError `unequal-maps`
 */
export function requireSizes(method: string, rule: SizeRule, shapes: TapShapes, all: TapShapes): void {
  for (const pair of pairTaps(shapes)) if (!rule.fits(pair.student, pair.teacher)) failUnequal(method, pair, rule, all);
}
