import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellReference, ReferenceText, type Value } from '../../../src/core/plan.ts';
import type { ParamSchema } from '../../../src/stages/stage-kind.ts';
import type { Checked } from '../../../src/pipeline/check/inputs.ts';
import { KindParameters } from '../../../src/pipeline/check/parameters.ts';
import { catalogue } from '../support/kinds.ts';
import { cellWith, kindWith, worldOf } from '../support/stand-in.ts';

const world = worldOf([cellWith({ id: 'birds' }), cellWith({ id: 'teacher', kind: 'train-teacher' })]);

const check = (schema: ParamSchema, value: Value): Checked =>
  new KindParameters(kindWith({ p: schema }), catalogue).check('p', value, world);

/** What is wrong, in short: `path code: message | expected | fix`. */
const problems = (schema: ParamSchema, value: Value): string[] => {
  const checked = check(schema, value);
  if ('value' in checked) return [];
  return checked.problems.map(({ path, code, message, expected, fix }) =>
    [`${path.join('.')} ${code}: ${message}`.trim(), expected, fix].filter((part) => part !== undefined).join(' | '),
  );
};

const valueOf = (schema: ParamSchema, value: Value): Value => {
  const checked = check(schema, value);
  if ('value' in checked) return checked.value;
  throw new Error(problems(schema, value).join('\n'));
};

const split: ParamSchema = {
  type: 'object',
  properties: {
    val: { type: 'number', minimum: 0, maximum: 1, default: 0.2 },
    seed: { type: 'integer', default: 0 },
    stratify: { type: 'boolean' },
  },
  required: ['stratify'],
  additionalProperties: false,
};

const crop: ParamSchema = {
  anyOf: [
    { const: 'none' },
    { type: 'integer', minimum: 1 },
    { type: 'object', properties: { size: { type: 'integer', minimum: 1 } }, additionalProperties: false },
  ],
};

describe('the value of a parameter is refused', () => {
  it.each<[ParamSchema, Value, string]>([
    [{ type: 'integer' }, 1.5, 'wrong-type: got 1.5 | a whole number'],
    [{ type: 'integer' }, '3', 'wrong-type: got "3" | a whole number'],
    [{ type: 'integer' }, true, 'wrong-type: got true | a whole number'],
    [{ type: 'integer' }, null, 'wrong-type: got nothing | a whole number'],
    [{ type: 'integer' }, [1], 'wrong-type: got a list | a whole number'],
    [{ type: 'integer' }, { a: 1 }, 'wrong-type: got a mapping | a whole number'],
    [{ type: 'number', minimum: 0 }, 'x', 'wrong-type: got "x" | a number of at least 0'],
    [{ type: 'boolean' }, 'yes', 'wrong-type: got "yes" | true or false'],
    [{ type: 'boolean' }, 1, 'wrong-type: got 1 | true or false'],
    [{ type: 'string' }, 3, 'wrong-type: got 3 | a text'],
    [{ type: 'array' }, 'x', 'wrong-type: got "x" | a list'],
    [{ type: 'object' }, [1], 'wrong-type: got a list | a mapping'],
    [{ type: ['integer', 'null'] }, 'x', 'wrong-type: got "x" | a whole number or null'],
    [{ type: 'integer', minimum: 1, maximum: 9 }, 0, 'out-of-range: got 0 | a whole number from 1 to 9'],
    [{ type: 'integer', minimum: 1, maximum: 9 }, 10, 'out-of-range: got 10 | a whole number from 1 to 9'],
    [{ type: 'number', exclusiveMinimum: 0 }, 0, 'out-of-range: got 0 | a number above 0'],
    [{ type: 'number', exclusiveMaximum: 1 }, 1, 'out-of-range: got 1 | a number below 1'],
    [
      { type: 'number', minimum: 0, exclusiveMaximum: 1 },
      1,
      'out-of-range: got 1 | a number of at least 0 and below 1',
    ],
    [
      { type: 'integer', minimum: 1, 'x-unit': 'epochs' },
      0,
      'out-of-range: got 0 | a whole number of at least 1 (epochs)',
    ],
    [{ type: 'array', minItems: 2 }, [1], 'out-of-range: got a list | a list of at least 2 items'],
    [{ type: 'array', maxItems: 1 }, [1, 2], 'out-of-range: got a list | a list of at most 1 items'],
    [{ type: 'array', minItems: 3, maxItems: 3 }, [1], 'out-of-range: got a list | a list of 3 items'],
    [{ type: 'string', minLength: 1 }, '', 'out-of-range: got "" | a text: must NOT have fewer than 1 characters'],
    [{ type: 'integer', multipleOf: 8 }, 12, 'out-of-range: got 12 | a whole number: must be multiple of 8'],
    [{ type: 'string', pattern: '^a' }, 'b', 'wrong-value: got "b" | must match pattern "^a"'],
    [
      { type: 'array', uniqueItems: true },
      [1, 1],
      'wrong-value: got a list | must NOT have duplicate items (items ## 0 and 1 are identical)',
    ],
    [{ enum: ['val', 'test'] }, 'tset', 'unknown-value: got "tset" | one of val or test | did you mean test?'],
    [{ enum: ['val', 'test'] }, 3, 'unknown-value: got 3 | one of val or test'],
    [{ enum: [1, 2] }, 3, 'unknown-value: got 3 | one of 1 or 2'],
    [{ const: 'none' }, 'x', 'wrong-type: got "x" | none'],
    [
      { type: 'string', 'x-registry': 'models' },
      'resnet5',
      'unknown-model: there is no model "resnet5" | one of resnet50, resnet18 or mobilenetv2 | did you mean resnet50 or resnet18?',
    ],
    [
      { type: 'string', 'x-registry': 'methods' },
      'XYZ',
      'unknown-method: there is no method "XYZ" | one of SoftTarget, MGD or AT | known: AT, MGD or SoftTarget',
    ],
    [{ type: 'string', 'x-registry': 'models' }, 3, 'wrong-type: got 3 | one of resnet50, resnet18 or mobilenetv2'],
    [
      { type: 'array', items: { type: 'integer', maximum: 4 } },
      [1, 9],
      '1 out-of-range: got 9 | a whole number of at most 4',
    ],
    [{ type: 'array', items: { type: 'integer' } }, 'x', 'wrong-type: got "x" | a list, each a whole number'],
    [
      { type: 'array', items: { enum: ['val', 'test'] } },
      ['val', 'tst'],
      '1 unknown-value: got "tst" | one of val or test | did you mean test?',
    ],
    [split, { stratify: true, vall: 1 }, 'vall unknown-key: unknown key "vall" | did you mean val?'],
    [split, { val: 0.5 }, 'missing-key: the key "stratify" is missing'],
    [split, { stratify: true, val: 2 }, 'val out-of-range: got 2 | a number from 0 to 1'],
    [split, { stratify: 'x' }, 'stratify wrong-type: got "x" | true or false'],
    [crop, 'nne', 'wrong-type: got "nne" | none, or a whole number of at least 1, or a mapping'],
    [crop, 0, 'wrong-type: got 0 | none, or a whole number of at least 1, or a mapping'],
    [crop, { size: 0 }, 'size out-of-range: got 0 | a whole number of at least 1'],
    [crop, { sise: 1 }, 'sise unknown-key: unknown key "sise" | did you mean size?'],
  ])('%j: %j', (schema, value, problem) => {
    expect(problems(schema, value)).toEqual([problem]);
  });

  it('in all of its parts at once', () => {
    expect(problems(split, { val: -1, seed: 'x', stratify: true, b: 1 })).toEqual([
      'b unknown-key: unknown key "b" | known: seed, stratify or val',
      'val out-of-range: got -1 | a number from 0 to 1',
      'seed wrong-type: got "x" | a whole number',
    ]);
  });

  it('with a long text cut', () => {
    const [problem = ''] = problems({ type: 'integer' }, 'x'.repeat(200));
    expect(problem.split(' | ')[0]).toBe(`wrong-type: got "${'x'.repeat(56)}…"`);
  });

  it('with slashes and tildes of keys as they were written', () => {
    const schema: ParamSchema = { type: 'object', additionalProperties: { type: 'integer' } };
    expect(problems(schema, { 'a/b~c': 'x' })).toEqual(['a/b~c wrong-type: got "x" | a whole number']);
  });
});

describe('the value of a parameter', () => {
  it.each<[ParamSchema, Value]>([
    [{ type: 'integer', minimum: 1 }, 1],
    [{ type: 'integer' }, -3],
    [{ type: 'number' }, 1e-300],
    [{ type: 'boolean' }, false],
    [{ type: 'string' }, ''],
    [{ type: ['string', 'null'] }, null],
    [{ enum: ['val', 'test'] }, 'val'],
    [{ type: 'string', 'x-registry': 'models' }, 'resnet18'],
    [crop, 'none'],
    [crop, 5],
    [crop, { size: 3 }],
    [{ type: 'array' }, [1, 'a', null]],
    [{ type: 'object' }, { any: { thing: [1] } }],
    [{}, 'whatever'],
  ])('comes back as it is where it is right: %j %j', (schema, value) => {
    expect(valueOf(schema, value)).toEqual(value);
  });

  it('is completed with the defaults of its keys, and the written one is not touched', () => {
    const written = { stratify: true };
    expect(valueOf(split, written)).toEqual({ stratify: true, val: 0.2, seed: 0 });
    expect(written).toEqual({ stratify: true });
  });

  it('is completed at every depth', () => {
    const inner: ParamSchema = { type: 'object', properties: { n: { type: 'integer', default: 3 } } };
    const schema: ParamSchema = { type: 'array', items: inner };
    expect(valueOf(schema, [{}, { n: 1 }])).toEqual([{ n: 3 }, { n: 1 }]);
  });

  it('of an unknown parameter is not judged', () => {
    const parameters = new KindParameters(kindWith({}), catalogue);
    expect(parameters.check('nothing', 3, world)).toEqual({ value: 3 });
    expect(parameters.has('nothing')).toBe(false);
    expect(parameters.schemaOf('nothing')).toEqual({});
  });

  it('is judged alike, the first time and later', () => {
    const parameters = new KindParameters(kindWith({ p: { type: 'integer', minimum: 1 } }), catalogue);
    expect(parameters.check('p', 0, world)).toEqual(parameters.check('p', 0, world));
    expect(parameters.check('p', 2, world)).toEqual({ value: 2 });
  });

  it('never is a number for the text that looks like one', () => {
    const parameters = new KindParameters(kindWith({ p: { type: 'integer' } }), catalogue);
    expect(parameters.check('p', 1, world)).toEqual({ value: 1 });
    expect('problems' in parameters.check('p', '1', world)).toBe(true);
  });

  it('agrees with what the schema says, for any bounds', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), fc.integer(), (minimum, width, value) => {
        const schema = { type: 'integer', minimum, maximum: minimum + width };
        expect(problems(schema, value).length === 0).toBe(value >= minimum && value <= minimum + width);
      }),
    );
  });
});

describe('a reference in a value', () => {
  const birds = new CellReference('birds');

  it('may stand where a text may, and means the main output', () => {
    expect(valueOf({ type: 'string' }, birds)).toEqual(new CellReference('birds', 'data'));
    expect(valueOf({ type: 'string', pattern: '' }, birds)).toEqual(new CellReference('birds', 'data'));
  });

  it('may stand anywhere in lists and mappings', () => {
    const main = new CellReference('birds', 'data');
    expect(valueOf({ type: 'array' }, ['x', birds, [birds]])).toEqual(['x', main, [main]]);
    expect(valueOf({ type: 'array', items: { type: 'string' } }, ['x', birds])).toEqual(['x', main]);
    expect(valueOf({ type: 'object', additionalProperties: { type: 'string' } }, { a: birds })).toEqual({ a: main });
  });

  it('may stand in a text', () => {
    const text = new ReferenceText(['--data=', birds]);
    expect(valueOf({ type: 'string' }, text)).toEqual(
      new ReferenceText(['--data=', new CellReference('birds', 'data')]),
    );
  });

  it.each<[ParamSchema, string]>([
    [{ type: 'integer' }, 'wrong-type: got a reference to birds | a whole number'],
    [{ type: 'array' }, 'wrong-type: got a reference to birds | a list'],
    [{ type: 'object' }, 'wrong-type: got a reference to birds | a mapping'],
    [{ enum: ['a'] }, 'unknown-value: got a reference to birds | a'],
  ])('may not stand where no text may: %j', (schema, problem) => {
    expect(problems(schema, birds)).toEqual([problem]);
  });
});

describe('an input', () => {
  const one: ParamSchema = { 'x-input': { kinds: ['dataset'], output: 'data' } };
  const many: ParamSchema = { 'x-input': { kinds: ['dataset', 'train-teacher'], many: true } };
  const either: ParamSchema = { 'x-input': { kinds: ['dataset'], output: 'data', many: 'or-one' } };
  const birds = new CellReference('birds');

  it('gets the output that its rule names', () => {
    expect(valueOf(one, birds)).toEqual(new CellReference('birds', 'data'));
    expect(valueOf(many, [birds, new CellReference('teacher')])).toEqual([
      new CellReference('birds', 'data'),
      new CellReference('teacher', 'weights'),
    ]);
  });

  it('of one or many takes both, wherever it stands', () => {
    const read = new CellReference('birds', 'data');
    expect(valueOf(either, birds)).toEqual(read);
    expect(valueOf(either, [birds, birds])).toEqual([read, read]);
    const schema: ParamSchema = { type: 'object', properties: { from: either }, additionalProperties: false };
    expect(valueOf(schema, { from: birds })).toEqual({ from: read });
    expect(valueOf(schema, { from: [birds] })).toEqual({ from: [read] });
  });

  it('that may be a text takes one that says something', () => {
    const open: ParamSchema = { 'x-input': { kinds: ['dataset'], output: 'data', text: 'a path' } };
    expect(valueOf(open, 'birds.tgz')).toBe('birds.tgz');
    expect(valueOf(open, birds)).toEqual(new CellReference('birds', 'data'));
    expect(problems(open, '')).toEqual([
      'wrong-type: got "" | a reference to a stage of kind dataset: "${stages.id}", or a path',
    ]);
  });

  it.each<[ParamSchema, Value, string[]]>([
    [
      one,
      'birds',
      ['wrong-type: got "birds" | a reference to a stage of kind dataset: "${stages.id}" | write "${stages.birds}"'],
    ],
    [
      one,
      new CellReference('teacher'),
      ['wrong-kind: teacher is of kind train-teacher | a reference to a stage of kind dataset: "${stages.id}"'],
    ],
    [one, new CellReference('birds', 'dta'), ['unknown-output: birds has no output "dta" | did you mean data?']],
    [either, 3, ['wrong-type: got 3 | a reference to a stage of kind dataset: "${stages.id}", or a list of them']],
    [either, [birds, 3], ['1 wrong-type: got 3 | a reference to a stage of kind dataset: "${stages.id}"']],
    [
      many,
      birds,
      ['wrong-type: got a reference to birds | a list of references to stages of kind dataset or train-teacher'],
    ],
    [
      many,
      [birds, 3, 'x'],
      [
        '1 wrong-type: got 3 | a reference to a stage of kind dataset or train-teacher: "${stages.id}"',
        '2 wrong-type: got "x" | a reference to a stage of kind dataset or train-teacher: "${stages.id}"',
      ],
    ],
  ])('is refused: %j %j', (schema, value, wanted) => {
    expect(problems(schema, value)).toEqual(wanted);
  });

  it('inside a mapping is checked and completed too', () => {
    const schema: ParamSchema = { type: 'object', properties: { from: one }, additionalProperties: false };
    expect(valueOf(schema, { from: birds })).toEqual({ from: new CellReference('birds', 'data') });
    expect(problems(schema, { from: 3 })).toEqual([
      'from wrong-type: got 3 | a reference to a stage of kind dataset: "${stages.id}"',
    ]);
  });

  it('is not judged by the outputs of a stage that has problems', () => {
    const ill = worldOf([cellWith({ id: 'birds' })], false);
    const parameters = new KindParameters(kindWith({ p: one }), catalogue);
    expect(parameters.check('p', new CellReference('birds', 'dta'), ill)).toEqual({
      value: new CellReference('birds', 'dta'),
    });
  });
});

describe('takesList', () => {
  it.each<[ParamSchema, boolean]>([
    [{ type: 'array' }, true],
    [{ type: ['string', 'array'] }, true],
    [{ anyOf: [{ type: 'integer' }, { type: 'array' }] }, true],
    [{ 'x-input': { kinds: ['dataset'], many: true } }, true],
    [{ 'x-input': { kinds: ['dataset'] } }, false],
    // One after the other: a list of one list stands for several at once.
    [{ 'x-input': { kinds: ['dataset'], many: 'or-one' } }, false],
    [{ type: 'string' }, false],
    [{ type: 'object', properties: { a: { type: 'array' } } }, false],
  ])('tells whether a list is a value: %j → %s', (schema, wanted) => {
    expect(new KindParameters(kindWith({ p: schema }), catalogue).takesList('p')).toBe(wanted);
  });
});
