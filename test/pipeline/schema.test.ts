import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from '../../src/core/json.ts';
import { pipelineSchema } from '../../src/pipeline/schema.ts';
import { catalogue as realNames } from '../../src/stages/catalogue.ts';
import { kinds as realKinds } from '../../src/stages/registry.ts';
import type { StageKind } from '../../src/stages/stage-kind.ts';
import { catalogue, kinds } from './support/kinds.ts';
import { problemsOf } from './support/planning.ts';

const schema = pipelineSchema(kinds, catalogue);
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

/** What an editor underlines in a text: places, with the keyword that is broken there; what follows from others is left out. */
function underlinedIn(text: string): readonly string[] {
  validate(parse(text));
  const own = (validate.errors ?? []).filter(({ keyword }) => !['anyOf', 'if'].includes(keyword));
  return own.map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

const command = (rest: string): string => `stages: { one: { uses: command${rest} } }`;
const dataset = 'stages:\n  birds: { uses: dataset, with: { source: cub } }\n';
const teacher = (params: string, rest = ''): string =>
  `${dataset}  teacher: { uses: train-teacher, with: { ${params} }${rest} }`;
const trained = 'data: "${stages.birds}", model: resnet18';
const table = (rest: string): string => `${command('')}\ntables: { results: { ${rest} } }`;

describe('the schema for editors', () => {
  it.each<[string, string]>([
    ['the smallest pipeline', command('')],
    ['sections that are empty', `params:\nenv:\ndefaults:\ntables:\n${command(', with:')}`],
    ['a name and a description', `name: 1.a_b-c\ndescription: why\n${command(', description: what for')}`],
    ['variables of all plain types', `env: { A: 1, B: true, C: x }\n${command('')}`],
    ['defaults of a kind', `defaults: { command: { seed: 3 }, train-teacher: }\n${command('')}`],
    ['a reference', teacher(trained)],
    ['a reference with blanks inside', teacher('data: "${ stages.birds }", model: resnet18')],
    ['a reference to an output', teacher('data: "${stages.birds.data}", model: resnet18')],
    [
      'a reference through an axis',
      teacher('data: "${matrix.of}", model: resnet18', ', matrix: { of: "${stages.birds}" }'),
    ],
    ['what axes give', teacher('model: resnet18', ', matrix: { data: ["${stages.birds}"] }')],
    ['an expression for a number', `params: { n: 3 }\n${teacher(`${trained}, epochs: "\${params.n}"`)}`],
    ['an expression for a registered name', teacher('data: "${stages.birds}", model: "${env.MODEL:-resnet18}"')],
    ['an expression in a list', `params: { n: 3 }\n${teacher(`${trained}, blocks: ["\${params.n}", 4]`)}`],
    [
      'an expression in a mapping',
      'params: { n: 0.5 }\nstages: { birds: { uses: dataset, with: { source: cub, split: { val: "${params.n}" } } } }',
    ],
    ['an axis that is a range', teacher(trained, ', matrix: { lr: { from: 1e-4, to: 1e-2, count: 3, scale: log } }')],
    [
      'a range of expressions',
      `params: { n: 2 }\n${teacher(trained, ', matrix: { epochs: { from: 1, to: "${params.n}", step: 1 } }')}`,
    ],
    ['lists that are walked together', teacher(trained, ', matrix: { zip: { lr: [1, 2], seed: [0, 1] } }')],
    [
      'include and exclude',
      teacher(trained, ', matrix: { lr: [1, 2], exclude: [{ lr: 1 }], include: [{ lr: 2, seed: 1 }] }'),
    ],
    ['seeds of a stage', command(', seeds: 3')],
    ['seeds of a matrix', command(', matrix: { seeds: 3 }')],
    ['seeds by an expression', `params: { n: 3 }\n${command(', seeds: "${params.n}"')}`],
    ['limits', command(', retry: 2, timeout: 1h30m, resources: { cpu: 2, gpu: 0, memory: 0.5, time: 1.5d }')],
    ['a limit by an expression', `params: { n: 9 }\n${command(', timeout: "${params.n}"')}`],
    ['a table of one stage', table('from: one, rows: [seed], columns: [test.accuracy]')],
    [
      'a table with everything',
      table(
        'from: [one], rows: [seed], columns: [a], title: t, published: p.yaml, into: R.md, template: own.hbs, compare: { baseline: { seed: 0 }, on: a, correction: holm }',
      ),
    ],
  ])('accepts %s, as the plan does', (_, text) => {
    expect(problemsOf(text)).toEqual([]);
    expect(underlinedIn(text)).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['no stages', 'name: x', ' required'],
    ['an empty mapping of stages', 'stages: {}', '/stages minProperties'],
    ['an unknown section', `stage: {}\n${command('')}`, ' additionalProperties'],
    ['a name with a blank', `name: a b\n${command('')}`, '/name pattern'],
    ['a name that could leave its folder', `name: ../x\n${command('')}`, '/name pattern'],
    ['a variable that is a list', `env: { A: [1] }\n${command('')}`, '/env/A type'],
    ['defaults of no kind', `defaults: { comand: {} }\n${command('')}`, '/defaults additionalProperties'],
    [
      'a default out of its range',
      `defaults: { train-teacher: { epochs: 0 } }\n${teacher(trained)}`,
      '/defaults/train-teacher/epochs minimum',
    ],
    ['a stage of no kind', 'stages: { one: { uses: comand } }', '/stages/one/uses enum'],
    ['a stage that does not say its kind', 'stages: { one: {} }', '/stages/one required'],
    ['an unknown key of a stage', command(', wiht: {}'), '/stages/one additionalProperties'],
    ['an unknown parameter', command(', with: { shel: x }'), '/stages/one/with additionalProperties'],
    ['a parameter of another kind', command(', with: { epochs: 3 }'), '/stages/one/with additionalProperties'],
    ['a text for a number', teacher(`${trained}, epochs: "3"`), '/stages/teacher/with/epochs type'],
    ['a number above its range', teacher(`${trained}, epochs: 1001`), '/stages/teacher/with/epochs maximum'],
    ['a number at an open end', teacher(`${trained}, lr: 0`), '/stages/teacher/with/lr exclusiveMinimum'],
    [
      'a name that is not registered',
      teacher('data: "${stages.birds}", model: resnet9'),
      '/stages/teacher/with/model enum',
    ],
    ['a wrong item of a list', teacher(`${trained}, blocks: [3, 9]`), '/stages/teacher/with/blocks/1 maximum'],
    ['a text that is no reference', teacher('data: birds, model: resnet18'), '/stages/teacher/with/data pattern'],
    [
      'a parameter where a reference stands',
      `params: { d: x }\n${teacher('data: "${params.d}", model: resnet18')}`,
      '/stages/teacher/with/data pattern',
    ],
    [
      'an unknown key inside of a parameter',
      'stages: { birds: { uses: dataset, with: { source: cub, split: { vall: 0.5 } } } }',
      '/stages/birds/with/split additionalProperties',
    ],
    ['an axis without values', command(', matrix: { seed: [] }'), '/stages/one/matrix/seed minItems'],
    ['an axis of one value', command(', matrix: { seed: 3 }'), '/stages/one/matrix/seed type'],
    ['a range without an end', command(', matrix: { seed: { from: 1, step: 1 } }'), '/stages/one/matrix/seed required'],
    ['no seeds', command(', seeds: 0'), '/stages/one/seeds minimum'],
    [
      'include that is no list',
      command(', matrix: { seed: [1], include: { seed: 2 } }'),
      '/stages/one/matrix/include type',
    ],
    ['half a try', command(', retry: 0.5'), '/stages/one/retry type'],
    ['a duration without a unit', command(', timeout: "90"'), '/stages/one/timeout pattern'],
    ['a negative duration', command(', resources: { time: -1 }'), '/stages/one/resources/time minimum'],
    ['an unknown resource', command(', resources: { tpu: 1 }'), '/stages/one/resources additionalProperties'],
    ['no slots', command(', resources: { cpu: 0 }'), '/stages/one/resources/cpu minimum'],
    ['a table without columns', table('from: one, rows: [seed]'), '/tables/results required'],
    ['a table without rows in its list', table('from: one, rows: [], columns: [a]'), '/tables/results/rows minItems'],
    [
      'a template that is none',
      table('from: one, rows: [seed], columns: [a], template: wide'),
      '/tables/results/template enum',
    ],
    [
      'a baseline of nothing',
      table('from: one, rows: [seed], columns: [a], compare: { baseline: {}, on: a }'),
      '/tables/results/compare/baseline minProperties',
    ],
  ])('refuses %s, as the plan does', (_, text, place) => {
    expect(problemsOf(text)).not.toEqual([]);
    expect(underlinedIn(text)).toContain(place);
  });
});

/** All schemas inside of a schema, with their paths. */
function* schemasIn(value: unknown, path = ''): Generator<readonly [string, JsonObject]> {
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* schemasIn(item, `${path}/${index}`);
  if (!isJsonObject(value)) return;
  yield [path, value];
  for (const [key, item] of Object.entries(value)) yield* schemasIn(item, `${path}/${key}`);
}

describe('the schema of the registered kinds', () => {
  const real = pipelineSchema(realKinds, realNames());
  const definitions = real['definitions'] as Readonly<Record<string, JsonObject>>;

  it('is one that editors can read: draft-07, and every reference leads somewhere', () => {
    expect(real['$schema']).toBe('http://json-schema.org/draft-07/schema#');
    expect(new Ajv({ strict: false }).validateSchema(real)).toBe(true);
    for (const [path, { $ref }] of schemasIn(real))
      if (typeof $ref === 'string')
        expect(definitions, path).toHaveProperty($ref.replace('#/definitions/', '').split('/'));
  });

  it.each(Object.entries<StageKind>(realKinds))(
    'shows what every parameter of %s means, and its default',
    (name, kind) => {
      const shown = definitions[name]?.['properties'] as Readonly<Record<string, JsonObject>>;
      expect(Object.keys(shown)).toEqual(Object.keys(kind.params));
      for (const [param, { description, default: preset }] of Object.entries(kind.params)) {
        expect([param, shown[param]?.['description']]).toEqual([param, description]);
        expect([param, shown[param]?.['default']]).toEqual([param, preset]);
      }
    },
  );

  it('requires no parameter: defaults and axes may give it', () => {
    for (const [name, definition] of Object.entries(definitions))
      expect(definition, name).not.toHaveProperty('required');
  });

  it('lists the kinds with what they do', () => {
    const uses = [...schemasIn(real)].find(([path]) => /\/stages\/.*\/properties\/uses$/.test(path))?.[1];
    expect(uses?.['enum']).toEqual([...Object.keys(realKinds), 'train']);
    expect(uses?.['description']).toContain('train: the same as train-teacher.');
    for (const { name, summary } of Object.values<StageKind>(realKinds))
      expect(uses?.['description']).toContain(`${name}: ${summary}`);
  });
});

describe('an axis whose name is a parameter', () => {
  const real = new Ajv({ strict: false, allErrors: true }).compile(pipelineSchema(realKinds, realNames()));
  const places = (matrix: string, given = 'data: "${stages.d}", model: resnet8'): readonly string[] => {
    const text = [
      'stages:',
      '  d: { uses: dataset, with: { source: mnist-digits } }',
      '  t: { uses: train, with: { data: "${stages.d}", model: resnet20 } }',
      `  s: { uses: distill-student, matrix: { ${matrix} }, with: { ${given} } }`,
    ].join('\n');
    real(parse(text));
    const summaries = ['anyOf', 'if', 'allOf'];
    const own = (real.errors ?? []).filter(({ keyword }) => !summaries.includes(keyword));
    return [...new Set(own.map(({ instancePath }) => instancePath.replace('/stages/s/matrix', '')))];
  };

  it.each<[string, readonly string[]]>([
    ['kd_method: [SoftTarget, AT, KD], kd_ratio: [0.5, 0.9]', []],
    ['kd_method: [Softtarget, AT]', ['/kd_method/0']],
    ['kd_ratio: [0.5, 0]', ['/kd_ratio/1']],
    ['kd_ratio: [a]', ['/kd_ratio/0']],
    ['ema: [false, maybe]', ['/ema/1']],
    ['blocks: [[1, 2], [7]]', ['/blocks/1/0', '/blocks/1']],
    ['model: [resnet8, resnet9]', ['/model/1']],
    ['teacher: ["${stages.t}", t]', ['/teacher/1']],
    ['zip: { kd_method: [AT, at], lr: [1, 2] }', ['/zip/kd_method/1']],
    ['kd_method: [AT], include: [{ kd_method: Softtarget, kd_ratio: 1 }]', ['/include/0/kd_method']],
    ['teacher: ["${stages.t}"], exclude: [{ teacher: t, teacher.model: resnet20 }]', ['/exclude/0/teacher']],
    ['seed: [0, -1]', ['/seed/1']],
    ['kd_ratio: { from: 0.1, to: 0.9, step: 0.1 }, lr: { from: 1e-4, to: 1e-2, count: 3, scale: log }', []],
    ['teacher: "${stages.t}", epochs: "${params.all}", kd_ratio: ["${params.r}", "${env.R:-0.5}"]', []],
    ['fold: [a, b], seeds: 3', []],
  ])('has values that the parameter takes: %s', (matrix, wrong) => {
    expect(places(matrix)).toEqual(wrong);
  });

  it('may have others where a text is made of it', () => {
    const given = 'data: "${stages.d}", model: "resnet${matrix.model}", teacher: "${stages.t}"';
    expect(places('model: [8, 14]', given)).toEqual([]);
    expect(places('model: [8, 14]')).toEqual(['/model/0', '/model/1']);
  });

  it('is said by reference to the parameters, in a file of no more than 300 kB', () => {
    const text = JSON.stringify(pipelineSchema(realKinds, realNames()), null, 2);
    expect(text.length).toBeLessThan(300_000);
    expect(pipelineSchema(realKinds, realNames())['definitions']).toMatchObject({
      'distill-student-axes': {
        properties: { kd_method: { items: { $ref: '#/definitions/distill-student/properties/kd_method' } } },
      },
    });
  });
});
