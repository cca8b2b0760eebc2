import { describe, expect, it } from 'vitest';
import { FailureError, type Failure } from '../../../../src/core/failure.ts';
import type { KdMethod, TapShapes } from '../../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../../src/ml/methods/registry.ts';
import { optionsOf } from '../../../support/default-options.ts';
import { EQUAL_CHANNELS } from '../../../support/equal-channels.ts';
import { someSplit } from '../../../support/kd-evaluation.ts';

const FOUR = ['block1', 'block2', 'block3', 'block4'];
const both = { teacher: FOUR, student: FOUR };

function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0]!;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('blocks that are compared', () => {
  it.each<readonly [KdMethod, readonly number[]]>([
    [methods.AT, [3, 4]],
    [methods.SP, [3, 4]],
    [methods.MGD, [4]],
    [methods.NST, [4]],
    [methods.ICKD, [4]],
    [methods['WKD-F'], [4]],
    [methods.FitNet, [2]],
    [methods.VID, [1, 2, 3, 4]],
  ])('are, unless told, those of the method’s paper: $0.name $1', (method, blocks) => {
    const names = blocks.map((block) => `block${block}`);
    expect(method.taps({}, both)).toEqual({ teacher: names, student: names });
    expect(method.taps({ blocks: [4, 1] }, both).student).toEqual(['block1', 'block4']);
  });

  it('are counted among those that both networks have', () => {
    const student = ['block1', 'block2', 'block3', 'logits'];
    expect(methods.AT.taps({}, { ...both, student }).teacher).toEqual(['block2', 'block3']);
    expect(methods.FitNet.taps({}, { ...both, student }).teacher).toEqual(['block2']);
  });

  it('are refused where one of the networks lacks them, with those that both have', () => {
    const student = ['block1', 'block2', 'block3'];
    expect(failureOf(() => methods.AT.taps({ blocks: [3, 4] }, { ...both, student }))).toMatchObject({
      code: 'no-such-block',
      message: 'AT asks for block 4, which teacher and student do not both have',
      expected: 'blocks among 1, 2, 3',
      fix: 'write blocks: [2, 3], or leave blocks out',
    });
  });

  it('are missing where the networks have none in common', () => {
    expect(failureOf(() => methods.MGD.taps({}, { teacher: ['features'], student: FOUR }))).toMatchObject({
      code: 'no-such-block',
      message: 'MGD reads blocks, which teacher and student do not both have',
    });
  });
});

describe('taps that are no blocks', () => {
  it('are named where a network lacks them, with those that it has', () => {
    expect(failureOf(() => methods.RKD.taps({}, { teacher: ['logits', 'map'], student: ['pooled'] }))).toMatchObject({
      code: 'no-such-tap',
      message: 'RKD reads pooled, which the teacher does not have',
      expected: "one of the teacher's taps: logits, map",
    });
  });
});

describe('maps of unequal size', () => {
  const shape = (height: number, width = height) => ({ height, width, channels: 8 });
  const tapsOf = (student: number, teacher: number): TapShapes => ({
    student: { block3: shape(student) },
    teacher: { block3: shape(teacher) },
  });
  const all: TapShapes = {
    student: { block1: shape(16), block2: shape(8), block3: shape(5), pooled: shape(1) },
    teacher: { block1: shape(16), block2: shape(8), block3: shape(4), pooled: shape(1) },
  };

  it.each([methods.MGD])('are refused where equal ones are needed, with the blocks that would do: $name', (method) => {
    expect(failureOf(() => method.create(optionsOf(method), tapsOf(5, 4), all, someSplit))).toMatchObject({
      code: 'unequal-maps',
      message: `${method.name} can't compare block3: the student's map is 5×5, the teacher's 4×4`,
      expected: 'maps of equal size',
      fix: 'write blocks: [1, 2]',
    });
  });

  it('have no block that would do where all differ', () => {
    const unequal = tapsOf(5, 4);
    expect(failureOf(() => methods.MGD.create(optionsOf(methods.MGD), unequal, unequal, someSplit)).fix).toContain(
      'strides',
    );
  });

  it.each([methods.AT, methods.NST, methods.VID])(
    'may be whole multiples of each other where they are pooled: $name',
    (method) => {
      for (const [student, teacher] of [
        [8, 4],
        [4, 8],
        [6, 6],
      ] as const)
        expect(() => method.create(optionsOf(method), tapsOf(student, teacher), all, someSplit)).not.toThrow();
      expect(failureOf(() => method.create(optionsOf(method), tapsOf(6, 4), all, someSplit)).expected).toContain(
        'whole multiple',
      );
      const oblong = { student: { block3: shape(8, 4) }, teacher: { block3: shape(4, 4) } };
      expect(failureOf(() => method.create(optionsOf(method), oblong, oblong, someSplit)).code).toBe('unequal-maps');
    },
  );

  it.each([
    [methods.SP, {}],
    [methods.ICKD, {}],
    [methods['WKD-F'], { wkd_projector: 'align' }],
  ])('do not matter to $0.name', (method: KdMethod, options) => {
    expect(() => method.create(optionsOf(method, options), tapsOf(5, 4), all, someSplit)).not.toThrow();
  });

  it('matter to the projectors of WKD-F', () => {
    const wkd = methods['WKD-F'];
    const failureBy = (projector: string) =>
      failureOf(() => wkd.create(optionsOf(wkd, { wkd_projector: projector }), tapsOf(5, 4), all, someSplit));
    expect(failureBy('conv').expected).toContain('whole multiple');
    expect(failureBy('bottleneck').expected).toBe('maps of equal size');
  });

  it('may be larger in the student of FitNet, whose regressor strides to the teacher’s size, or half as large', () => {
    const { FitNet } = methods;
    for (const [student, teacher, window] of [
      [4, 4, { kernel: 1, stride: 1, padding: 0 }],
      [8, 4, { kernel: 3, stride: 2, padding: 1 }],
      [12, 4, { kernel: 5, stride: 3, padding: 2 }],
    ] as const) {
      const { adapters = [] } = FitNet.create(optionsOf(FitNet), tapsOf(student, teacher), all, someSplit);
      expect(adapters[0]!.network.layers[1]).toMatchObject({ kind: 'conv', ...window });
      expect(adapters[0]!.network.layers.at(-1)!.shape).toEqual(shape(teacher));
    }
    const { adapters: [widening] = [] } = FitNet.create(optionsOf(FitNet), tapsOf(4, 8), all, someSplit);
    expect(widening!.network.layers[1]).toMatchObject({ kind: 'conv', kernel: 4, stride: 1, padding: 2 });
    expect(widening!.network.layers.at(-1)!.shape).toEqual(shape(8));
    expect(failureOf(() => FitNet.create(optionsOf(FitNet), tapsOf(4, 16), all, someSplit)).code).toBe('unequal-maps');
  });
});

describe('channels that differ', () => {
  const shapes: TapShapes = {
    student: { block4: { height: 3, width: 3, channels: 5 } },
    teacher: { block4: { height: 3, width: 3, channels: 7 } },
  };

  it.each([
    [methods.MGD, {}],
    [methods.ICKD, { ickd_form: 'imagenet' }],
    [methods['WKD-F'], { wkd_projector: 'align' }],
  ])(
    'are brought to the teacher’s by a 1×1 convolution, which there is none of where they agree: $0.name',
    (method: KdMethod, options) => {
      const names = (of: TapShapes) =>
        (method.create(optionsOf(method, options), of, of, someSplit).adapters ?? []).map(({ name }) =>
          name.split('.').at(-1),
        );
      const equal = { student: shapes.teacher, teacher: shapes.teacher };
      expect(names(shapes)).toEqual(['align', ...names(equal)]);
      expect(names(equal)).not.toContain('align');
    },
  );

  it('leave parameters of all adapters with names of their own', () => {
    for (const method of Object.values<KdMethod>(methods)) {
      // These refuse them, and have no adapters.
      if (EQUAL_CHANNELS.has(method.name)) continue;
      const all = Object.fromEntries(FOUR.map((tap) => [tap, shapes.student['block4']!]));
      const wider = Object.fromEntries(FOUR.map((tap) => [tap, shapes.teacher['block4']!]));
      const vector = { height: 1, width: 1, channels: 5 };
      const every = [...FOUR, 'last-map', 'pooled', 'logits'];
      const taps = method.taps({}, { teacher: every, student: every }).student;
      const pick = (from: Readonly<Record<string, typeof vector>>) =>
        Object.fromEntries(taps.map((tap) => [tap, from[tap] ?? vector]));
      const of = { student: pick(all), teacher: pick(wider) };
      const { adapters = [] } = method.create(optionsOf(method), of, of, someSplit);
      const parameters = adapters.flatMap(({ network }) => network.parameters.map(({ name }) => name));
      expect(new Set(parameters).size, method.name).toBe(parameters.length);
    }
  });
});
