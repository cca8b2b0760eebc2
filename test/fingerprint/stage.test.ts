import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../src/core/failure.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { keyDocument, stageKey, type Ingredients } from '../../src/fingerprint/stage.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

const student: Ingredients = {
  kind: 'distill-student',
  resultVersion: 3,
  params: {
    data: { $input: 'data' },
    teachers: [{ $input: 'teachers.0' }, { $input: 'teachers.1' }],
    model: 'resnet8',
    lr: 1e-4,
    kd_method: 'SoftTarget',
    kd_ratio: 0.7,
    ema: false,
    clip: null,
    seed: 0,
  },
  unkeyed: ['log_every'],
  inputs: [
    { name: 'data', digest: digest('data') },
    { name: 'teachers.0', digest: digest('first') },
    { name: 'teachers.1', digest: digest('second') },
  ],
  sources: [{ name: 'root', digest: digest('root') }],
};

/** The code of the failure that a key is refused with. */
function refusal(ingredients: Ingredients): string | undefined {
  try {
    stageKey(ingredients);
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0]?.code;
    throw error;
  }
  return undefined;
}

const withParams = (params: JsonObject): Ingredients => ({ ...student, params: { ...student.params, ...params } });

describe('keyDocument', () => {
  it('puts the contents of inputs where references stand, and holds nothing but what makes the result', () => {
    expect(keyDocument({ ...student, params: { ...student.params, log_every: 10 } })).toEqual({
      format: 1,
      kind: 'distill-student',
      resultVersion: 3,
      params: {
        data: { $input: digest('data') },
        teachers: [{ $input: digest('first') }, { $input: digest('second') }],
        model: 'resnet8',
        lr: 1e-4,
        kd_method: 'SoftTarget',
        kd_ratio: 0.7,
        ema: false,
        clip: null,
        seed: 0,
      },
      sources: { root: digest('root') },
    });
  });

  it('reads references inside of texts', () => {
    const { params } = keyDocument({
      ...student,
      params: { run: ['train', { $text: ['--data=', { $input: 'data' }] }] },
    });
    expect(params).toEqual({ run: ['train', { $text: ['--data=', { $input: digest('data') }] }] });
  });
});

describe('stageKey', () => {
  // A change of these keys makes everybody's results be computed again. It must be wanted: bump `format`.
  it('pins keys', () => {
    expect(stageKey(student)).toBe(
      digest(
        '{"format":1,"kind":"distill-student","params":{"clip":null,' +
          `"data":{"$input":"${digest('data')}"},"ema":false,"kd_method":"SoftTarget","kd_ratio":0.7,"lr":0.0001,` +
          `"model":"resnet8","seed":0,"teachers":[{"$input":"${digest('first')}"},{"$input":"${digest('second')}"}]},` +
          `"resultVersion":3,"sources":{"root":"${digest('root')}"}}`,
      ),
    );
    expect(stageKey(student)).toBe('5eba0fd7e5dc63c153958730d0884292d1bd94ebfd717f935f2c500bbfe80b76');
    const empty = { kind: 'command', resultVersion: 1, params: {}, inputs: [], sources: [] };
    expect(stageKey(empty)).toBe(digest('{"format":1,"kind":"command","params":{},"resultVersion":1,"sources":{}}'));
    expect(stageKey(empty)).toBe('99cac6de741d27afdc52a8b32e984546e647984ca321a512ab21f35e94f58ade');
  });

  it('does not depend on the order of parameters, inputs and sources', () => {
    const names = Object.keys(student.params);
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: names.length }), (order) => {
        const params = Object.fromEntries(order.map((name) => [name, student.params[name] ?? null]));
        const inputs = student.inputs.toReversed();
        expect(stageKey({ ...student, params, inputs })).toBe(stageKey(student));
      }),
    );
  });

  it('does not depend on parameters that are not keyed', () => {
    expect(stageKey(withParams({ log_every: 5 }))).toBe(stageKey(withParams({ log_every: 50 })));
    expect(stageKey(withParams({ log_every: 5 }))).toBe(stageKey(student));
  });

  it('does not depend on the name of the reference, only on what is read where', () => {
    const [data, ...teachers] = student.inputs;
    const renamed: Ingredients = {
      ...student,
      params: { ...student.params, data: { $input: 'other' } },
      inputs: [{ name: 'other', digest: data?.digest ?? '' }, ...teachers],
    };
    expect(stageKey(renamed)).toBe(stageKey(student));
  });

  it('does not depend on paths, cells, or anything else that a manifest holds', () => {
    const manifest = { ...student, cell: 'student[seed=0]', host: 'here', run: 'r', started: 1, outputs: {} };
    const sources = student.sources.map((source) => ({ ...source, path: '/anywhere' }));
    expect(stageKey({ ...manifest, sources })).toBe(stageKey(student));
  });

  it.each<[string, Ingredients]>([
    ['kind', { ...student, kind: 'train-teacher' }],
    ['result version', { ...student, resultVersion: 4 }],
    ['a parameter', withParams({ lr: 3e-4 })],
    ['the type of a parameter', withParams({ seed: '0' })],
    ['null for a parameter', withParams({ ema: null })],
    ['a further parameter', withParams({ rdrop: 0 })],
    [
      'the content of an input',
      { ...student, inputs: student.inputs.map((input) => ({ ...input, digest: digest('x') })) },
    ],
    ['the order of inputs in a list', withParams({ teachers: [{ $input: 'teachers.1' }, { $input: 'teachers.0' }] })],
    ['the content of a source', { ...student, sources: [{ name: 'root', digest: digest('x') }] }],
    ['the name of a source', { ...student, sources: [{ name: 'labels', digest: digest('root') }] }],
    ['one source less', { ...student, sources: [] }],
  ])('changes with %s', (_, changed) => {
    expect(stageKey(changed)).not.toBe(stageKey(student));
  });

  it('keeps a reference apart from a text that holds the same digest', () => {
    expect(stageKey(withParams({ data: digest('data') }))).not.toBe(stageKey(student));
  });

  it('keeps a parameter called __proto__', () => {
    const hidden = JSON.parse('{"env":{"__proto__":"1"}}') as JsonObject;
    expect(stageKey(withParams(hidden))).not.toBe(stageKey(withParams({ env: {} })));
  });

  it('refuses a mapping that looks like a reference', () => {
    expect(refusal(withParams({ env: { $input: digest('data') } }))).toBe('reserved-name');
    expect(refusal(withParams({ env: { $input: 1 } }))).toBe('reserved-name');
    expect(refusal(withParams({ env: { $input: null } }))).toBe('reserved-name');
  });

  it('refuses numbers that are not finite', () => {
    expect(refusal(withParams({ lr: NaN }))).toBe('non-finite-number');
  });

  it('throws when two inputs have one name, of which one would be lost', () => {
    const twice = { ...student, inputs: [...student.inputs, { name: 'data', digest: digest('other') }] };
    expect(() => stageKey(twice)).toThrow('two contents are called data');
  });
});
