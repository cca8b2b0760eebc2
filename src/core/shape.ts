/** What tells whether a value that was read from a file is of a kind: anything may stand there. */
import { isJsonObject, isList } from './json.ts';

/** Tells whether a value is of a kind. */
export type Test = (value: unknown) => boolean;

export const isText = (value: unknown): value is string => typeof value === 'string';
export const isNumber: Test = (value) => typeof value === 'number';
export const isTextOrNull: Test = (value) => value === null || isText(value);

/** The test for a list of what passes another. */
export const listOf =
  (test: Test): Test =>
  (value) =>
    isList(value) && value.every(test);

/** A `Failure` as far as everybody counts on it. */
export const isFailureForm: Test = (value) => isJsonObject(value) && isText(value['code']) && isText(value['message']);
