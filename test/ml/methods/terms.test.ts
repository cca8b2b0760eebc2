import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { kdTerm } from '../../../src/ml/methods/kd-term.ts';
import type { KdMethod } from '../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import {
  largestDifference,
  lossReference,
  referenceInput,
  referenceLabels,
  toChannelsLast,
} from '../../support/loss-reference.ts';

const shapeOf = (shape: readonly number[]) =>
  shape.length === 2
    ? { height: 1, width: 1, channels: shape[1]! }
    : { height: shape[1]!, width: shape[2]!, channels: shape[3]! };

/** Evaluates a method whose only tap on both sides is `tap`. */
function evaluate(method: KdMethod, options: JsonObject, tap: string, sides: readonly [string, string]) {
  const [student, teacher] = sides.map(referenceInput);
  const shapes = { student: { [tap]: shapeOf(student!.shape) }, teacher: { [tap]: shapeOf(teacher!.shape) } };
  const values = { student: { [tap]: student!.values }, teacher: { [tap]: teacher!.values } };
  return kdTerm(method.create(options, shapes), shapes, values, referenceLabels);
}

describe('soft targets', () => {
  it.each([
    ['soft_target_T4', 4],
    ['soft_target_T1', 1],
  ])('give PyTorch’s value and gradient: %s', (name, temperature) => {
    const { value, gradients } = evaluate(methods.SoftTarget, { temperature }, 'logits', ['S', 'T']);
    const reference = lossReference[name]!;
    // float32 against float64: logits up to 4, T² = 16.
    expect(value / reference.value).toBeCloseTo(1, 5);
    expect(largestDifference(gradients['logits']!, reference.grad['S']!)).toBeLessThan(1e-6);
  });

  it('are zero, with zero gradient, where student = teacher', () => {
    const { value, gradients } = evaluate(methods.SoftTarget, { temperature: 4 }, 'logits', ['T', 'T']);
    expect(value).toBeCloseTo(0, 6);
    expect(Math.max(...gradients['logits']!.map(Math.abs))).toBeLessThan(1e-6);
  });

  it('read the logits of both sides and nothing else', () => {
    const available = { teacher: ['block1', 'logits'], student: ['block1', 'logits'] };
    expect(methods.SoftTarget.taps({}, available)).toEqual({ teacher: ['logits'], student: ['logits'] });
  });
});

describe('attention transfer', () => {
  it.each([
    ['at_code', 'code', 'FS'],
    ['at_paper', 'paper', 'FS'],
    ['at_code_pooled', 'code', 'FS4'],
  ])('gives PyTorch’s value and gradient: %s', (name, form, student) => {
    const { value, gradients } = evaluate(methods.AT, { at_form: form }, 'block3', [student, 'FT']);
    const reference = lossReference[name]!;
    const shape = lossReference.inputs[student]!.shape;
    expect(value / reference.value).toBeCloseTo(1, 5);
    expect(largestDifference(gradients['block3']!, toChannelsLast(reference.grad[student]!, shape))).toBeLessThan(1e-6);
  });

  it('pools the teacher’s map where that is the larger one', () => {
    const { value } = evaluate(methods.AT, { at_form: 'code' }, 'block3', ['FT', 'FS4']);
    // The code form is symmetric in the two maps.
    expect(value / lossReference['at_code_pooled']!.value).toBeCloseTo(1, 5);
  });

  it('adds up its blocks', () => {
    const [student, teacher] = [referenceInput('FS'), referenceInput('FT')];
    const shapes = {
      student: { block2: shapeOf(student.shape), block3: shapeOf(student.shape) },
      teacher: { block2: shapeOf(teacher.shape), block3: shapeOf(teacher.shape) },
    };
    const { value, gradients } = kdTerm(
      methods.AT.create({ at_form: 'code' }, shapes),
      shapes,
      {
        student: { block2: student.values, block3: teacher.values },
        teacher: { block2: teacher.values, block3: teacher.values },
      },
      referenceLabels,
    );
    // block3 is equal on both sides and adds nothing.
    expect(value / lossReference['at_code']!.value).toBeCloseTo(1, 5);
    expect(Math.max(...gradients['block3']!.map(Math.abs))).toBe(0);
    expect(Math.max(...gradients['block2']!.map(Math.abs))).toBeGreaterThan(1e-3);
  });

  it.each(['code', 'paper'])('is zero with a finite gradient where student = teacher or a map is dead: %s', (form) => {
    const equal = evaluate(methods.AT, { at_form: form }, 'block4', ['FT', 'FT']);
    expect(equal.value).toBeLessThan(1e-6);
    expect(Math.max(...equal.gradients['block4']!.map(Math.abs))).toBe(0);

    const shapes = { student: { block4: shapeOf([4, 2, 2, 3]) }, teacher: { block4: shapeOf([4, 2, 2, 3]) } };
    const dead = { block4: new Float32Array(48) };
    const values = { student: dead, teacher: { block4: referenceInput('FT').values } };
    const { value, gradients } = kdTerm(methods.AT.create({ at_form: form }, shapes), shapes, values, referenceLabels);
    // A dead map's attention is 0, the teacher's has norm 1.
    expect(value).toBeCloseTo(form === 'paper' ? 1 : 1 / 4, 5);
    expect([...gradients['block4']!].every(Number.isFinite)).toBe(true);
  });

  const four = { teacher: ['block1', 'block2', 'block3', 'block4'], student: ['block1', 'block2', 'block3', 'block4'] };
  it('takes the last two blocks that both networks have, unless told', () => {
    const student = ['block1', 'block2', 'block3', 'logits'];
    expect(methods.AT.taps({}, four).student).toEqual(['block3', 'block4']);
    expect(methods.AT.taps({}, { ...four, student })).toEqual({
      teacher: ['block2', 'block3'],
      student: ['block2', 'block3'],
    });
    expect(methods.AT.taps({ blocks: [1, 4] }, four).teacher).toEqual(['block1', 'block4']);
  });

  it('refuses a block that one of the networks lacks, naming those that both have', () => {
    const student = ['block1', 'block2', 'block3'];
    expect(() => methods.AT.taps({ blocks: [3, 4] }, { ...four, student })).toThrow('AT asks for block 4');
  });

  it('refuses maps of which neither is a whole multiple of the other', () => {
    const at = (height: number) => ({ block3: { height, width: height, channels: 8 } });
    expect(() => methods.AT.create({ at_form: 'code' }, { student: at(4), teacher: at(6) })).toThrow(
      'the student’s map is 4×4'.replace('’', "'"),
    );
  });
});

describe.each(Object.entries(methods))('every method: %s', (name, method: KdMethod) => {
  const options = Object.fromEntries(
    Object.entries(method.options).flatMap(([key, schema]) => ('default' in schema ? [[key, schema['default']]] : [])),
  ) as JsonObject;
  const taps = method.taps(options, { teacher: ['block3', 'logits'], student: ['block3', 'logits'] });
  const inputs = (tap: string) => (tap === 'logits' ? ['S', 'T'] : ['FS', 'FT']).map(referenceInput);
  const side = <T>(pick: 0 | 1, of: (input: ReturnType<typeof referenceInput>) => T) =>
    Object.fromEntries(taps.student.map((tap) => [tap, of(inputs(tap)[pick]!)]));
  const shapes = { student: side(0, (i) => shapeOf(i.shape)), teacher: side(1, (i) => shapeOf(i.shape)) };
  const run = () =>
    kdTerm(
      method.create(options, shapes),
      shapes,
      { student: side(0, (i) => i.values), teacher: side(1, (i) => i.values) },
      referenceLabels,
    );

  it('is registered under its own name, with a source', () => {
    expect(method.name).toBe(name);
    expect(method.source).toMatch(/\d{4}$/);
  });

  it('leaks no tensor', () => {
    const before = memory().numTensors;
    for (let i = 0; i < 3; i++) run();
    expect(memory().numTensors).toBe(before);
  });

  it('gives the same bits twice, finite, and a gradient for each student tap', () => {
    const [first, second] = [run(), run()];
    expect(second).toEqual(first);
    expect(Number.isFinite(first.value)).toBe(true);
    expect(Object.keys(first.gradients)).toEqual(taps.student);
    Object.values(first.gradients).forEach((gradient) => expect([...gradient].every(Number.isFinite)).toBe(true));
  });

  it('leaves the values that it is given as they are', () => {
    const values = side(0, (i) => i.values.slice());
    const before = structuredClone(values);
    kdTerm(
      method.create(options, shapes),
      shapes,
      { student: values, teacher: side(1, (i) => i.values) },
      referenceLabels,
    );
    expect(values).toEqual(before);
  });
});
