import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kinds } from '../../src/stages/registry.ts';
import { parameterSchema } from '../../src/stages/schema.ts';
import { inputOf, StageInterrupted, type StageContext, type StageKind } from '../../src/stages/stage-kind.ts';

describe.each(Object.entries<StageKind>(kinds))('the kind %s', (name, kind) => {
  const schema = parameterSchema(kind, catalogue());
  const validate = new Ajv({ useDefaults: true, strict: false, allErrors: true }).compile(schema);

  it('is one folder with its name, its rules and what runs', async () => {
    expect(kind.name).toBe(name);
    for (const file of ['kind.ts', 'run.ts']) expect(existsSync(join('src/stages', name, file))).toBe(true);
    expect(typeof (await kind.load()).run).toBe('function');
  });

  it('says in a sentence what it does, and has a version of its results', () => {
    expect(kind.summary).toMatch(/^[A-Z].*\.$/);
    expect(Number.isInteger(kind.resultVersion) && kind.resultVersion >= 1).toBe(true);
  });

  it('describes every parameter, and knows those that it requires or leaves out of the key', () => {
    for (const [param, { description }] of Object.entries(kind.params)) expect(description, param).toMatch(/\.$/);
    for (const param of [...kind.required, ...kind.unkeyed]) expect(kind.params).toHaveProperty([param]);
  });

  it('has defaults that its own schema takes, and none for what is required', () => {
    const defaults = Object.entries(kind.params).filter(([, param]) => param.default !== undefined);
    expect(defaults.filter(([param]) => kind.required.includes(param))).toEqual([]);
    validate(Object.fromEntries(defaults.map(([param, of]) => [param, of.default])));
    // What is missing is another matter.
    expect((validate.errors ?? []).filter(({ keyword }) => keyword !== 'required')).toEqual([]);
  });

  it('refuses parameters that it does not know', () => {
    validate({ no_such_parameter: 1 });
    expect(validate.errors).toContainEqual(expect.objectContaining({ keyword: 'additionalProperties' }));
  });

  it('reads outputs that the kinds it names have', () => {
    for (const [param, { 'x-input': input }] of Object.entries(kind.params))
      for (const from of input?.kinds ?? []) {
        const producer = Object.entries<StageKind>(kinds).find(([known]) => known === from)?.[1];
        const outputs = Object.keys(producer?.outputs({ outputs: {} }) ?? {});
        expect(producer, `${param} reads ${from}`).toBeDefined();
        if (input?.output !== undefined && from !== 'command') expect(outputs).toContain(input.output);
      }
  });
});

describe('a schema of parameters', () => {
  const kind: StageKind = {
    ...{ name: 'fake', resultVersion: 1, summary: '', required: ['model'], unkeyed: [], outputs: () => ({}) },
    params: {
      model: { type: 'string', 'x-registry': 'models' },
      models: { type: 'array', items: { type: 'string', 'x-registry': 'models' } },
      other: { 'x-registry': 'missing' },
    },
    load: () => Promise.reject(new Error('never loaded')),
  };

  it('is closed, and has the names of registries at any depth; of an unknown registry there are none', () => {
    expect(parameterSchema(kind, { models: { b: {}, a: {} } })).toEqual({
      type: 'object',
      properties: {
        model: { type: 'string', 'x-registry': 'models', enum: ['b', 'a'] },
        models: { type: 'array', items: { type: 'string', 'x-registry': 'models', enum: ['b', 'a'] } },
        other: { 'x-registry': 'missing', enum: [] },
      },
      required: ['model'],
      additionalProperties: false,
    });
    expect(kind.params['model']).not.toHaveProperty('enum');
  });
});

describe('a running stage', () => {
  const input = { name: 'data', cell: 'birds', key: 'k', output: 'data', digest: 'd', path: '/store/data' };
  const context = { cell: 'student', inputs: [input] } as unknown as StageContext;

  it('finds its inputs by the parameter that they stand in', () => {
    expect(inputOf(context, 'data')).toBe(input);
    expect(() => inputOf(context, 'teacher')).toThrow('stage student has no input teacher');
  });

  it('that stopped is told from one that failed by what it throws', () => {
    expect(new StageInterrupted()).toMatchObject({ name: 'StageInterrupted', message: 'interrupted' });
  });
});
