import { describe, expect, it } from 'vitest';
import { KindParameters } from '../../../src/pipeline/check/parameters.ts';
import type { SourceLocation } from '../../../src/pipeline/source/location.ts';
import type { StageSpec } from '../../../src/pipeline/read/spec.ts';
import { missingParameter, placeProblem, unknownParameter } from '../../../src/pipeline/check/stage-problems.ts';
import { catalogue, kinds } from '../support/kinds.ts';

const location: SourceLocation = { path: ['stages', 'teacher', 'with', 'epochs'] };
const parameters = new KindParameters(kinds['train-teacher'], catalogue);
const stage: StageSpec = {
  ...{ id: 'teacher', location: { path: ['stages', 'teacher'] }, uses: undefined, with: new Map(), matrix: undefined },
  ...{ resources: new Map(), search: undefined, retry: undefined, timeout: undefined, slurm: {}, swept: new Map() },
};

describe('a parameter that a kind does not have', () => {
  it.each([
    ['epoch', 'did you mean epochs?'],
    ['modle', 'did you mean model?'],
    ['ema_', 'did you mean ema?'],
  ])('%s is answered with the nearest that it has', (name, fix) => {
    const problem = unknownParameter(name, parameters, location);
    expect(problem).toMatchObject({
      code: 'unknown-param',
      message: `train-teacher has no parameter "${name}"`,
      location,
      atKey: true,
    });
    expect(problem.fix).toContain(fix);
  });

  it('is answered with all that it has where none is near', () => {
    const { fix = '', expected = '' } = unknownParameter('xyzzy', parameters, location);
    for (const name of parameters.names) expect(`${fix} ${expected}`).toContain(name);
    expect(fix).not.toContain('did you mean');
  });

  it('is quoted, whatever it holds', () => {
    expect(unknownParameter('a"b\n', parameters, location).message).toBe(
      String.raw`train-teacher has no parameter "a\"b\n"`,
    );
  });
});

describe('a required parameter that is not given', () => {
  it.each([
    ['model', 'one of resnet50, resnet18 or mobilenetv2'],
    ['data', 'a reference to a stage of kind dataset: "${stages.id}"'],
  ])('%s is told at the stage, with what it accepts and how to write it', (name, expected) => {
    expect(missingParameter(name, parameters, stage)).toEqual({
      code: 'missing-param',
      message: `stage teacher lacks the parameter ${name}`,
      expected,
      fix: `with: { ${name}: … }`,
      location: stage.location,
      atKey: true,
    });
  });
});

describe('a problem of a value', () => {
  const problem = { code: 'out-of-range', message: 'got 9', expected: 'a number up to 4', path: [] };

  it('gets the place where the value was written, and the name of its parameter', () => {
    expect(placeProblem(problem, 'epochs', location)).toEqual({
      code: 'out-of-range',
      message: 'parameter epochs: got 9',
      expected: 'a number up to 4',
      location,
      atKey: false,
    });
  });

  it('inside of a value gets the place inside', () => {
    const inner = placeProblem({ ...problem, path: ['split', 1] }, 'data', location);
    expect(inner.message).toBe('parameter data.split.1: got 9');
    expect(inner.location.path).toEqual([...location.path, 'split', 1]);
  });

  it('of an unknown key is told at the key, and names what holds it', () => {
    const unknown = placeProblem(
      { code: 'unknown-key', message: 'unknown key "vall"', path: ['split', 'vall'] },
      'data',
      location,
    );
    expect(unknown).toMatchObject({ message: 'parameter data.split: unknown key "vall"', atKey: true });
    expect(unknown.location.path).toEqual([...location.path, 'split', 'vall']);
  });

  it('of an override keeps its text as the place', () => {
    const override: SourceLocation = { path: [], override: 'epochs=9' };
    expect(placeProblem({ ...problem, path: [0] }, 'epochs', override).location).toEqual({
      path: [0],
      override: 'epochs=9',
    });
  });
});
