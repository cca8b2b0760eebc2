import { withNameAdvice } from '../../util/text.ts';
import { expectation } from './expectation.ts';
import type { ValueProblem } from './inputs.ts';
import type { KindParameters } from './parameters.ts';
import type { Problem } from '../source/problems.ts';
import { inside, type SourceLocation } from '../source/location.ts';
import type { StageSpec } from '../read/spec.ts';

/**
 * The problem of a parameter that a kind does not have.
 *
 * @param name - the parameter as written
 * @param parameters - the kind's parameters
 * @param location - its place
 * @returns the problem
 */
export function unknownParameter(name: string, parameters: KindParameters, location: SourceLocation): Problem {
  const message = `${parameters.kind.name} has no parameter ${JSON.stringify(name)}`;
  return withNameAdvice({ code: 'unknown-param', message, location, atKey: true }, name, parameters.names);
}

/**
 * The problem of a required parameter that is not given.
 *
 * @param name - the parameter
 * @param parameters - the kind's parameters
 * @param stage - the stage that lacks it
 * @returns the problem, placed at the stage
 */
export function missingParameter(name: string, parameters: KindParameters, stage: StageSpec): Problem {
  return {
    code: 'missing-param',
    message: `stage ${stage.id} lacks the parameter ${name}`,
    expected: expectation(parameters.schemaOf(name)),
    fix: `with: { ${name}: … }`,
    location: stage.location,
    atKey: true,
  };
}

/**
 * Places a problem of a value.
 *
 * @param problem - what is wrong with the value
 * @param name - its parameter
 * @param location - where the value was written
 * @returns the problem with its place
 */
export function placeProblem(problem: ValueProblem, name: string, location: SourceLocation): Problem {
  const { path, message, ...rest } = problem;
  const inner = problem.code === 'unknown-key' ? path.slice(0, -1) : path;
  return {
    ...rest,
    message: `parameter ${[name, ...inner].join('.')}: ${message}`,
    location: inside(location, ...path),
    atKey: problem.code === 'unknown-key',
  };
}
