import type { ValueObject } from '../../core/plan.ts';
import type { ParamProblem, StageKind } from '../stage-kind.ts';
import { fits, readAddress, resultPath } from './address.ts';
import { fetchParams, fetchRequired } from './params.ts';

/** Checksums that a fetch can be given, with their numbers of hexadecimal digits. */
const DIGITS = { md5: 32, sha256: 64 } as const;

function checkAddress({ url }: ValueObject): readonly ParamProblem[] {
  if (typeof url !== 'string') return [];
  const address = readAddress(url);
  return address.ok ? [] : address.failures.map((failure) => ({ ...failure, param: ['url'] }));
}

function checkChecksums(params: ValueObject): readonly ParamProblem[] {
  return Object.entries(DIGITS).flatMap(([name, digits]) => {
    const value = params[name];
    if (typeof value !== 'string' || new RegExp(`^[0-9a-f]{${digits}}$`, 'i').test(value)) return [];
    return {
      code: 'wrong-checksum-form',
      param: [name],
      message: `${name} is ${JSON.stringify(value)}, ${value.length} characters`,
      expected: `${digits} hexadecimal digits`,
      fix: `copy the ${name} that the publisher gives`,
    };
  });
}

function checkName({ name }: ValueObject): readonly ParamProblem[] {
  if (typeof name !== 'string' || (fits(name) && /^[\p{L}\p{N}_+-][\p{L}\p{N}._+ -]*$/u.test(name))) return [];
  return [
    {
      code: 'wrong-name',
      param: ['name'],
      message: `name is ${JSON.stringify(name)}, which is no plain file name`,
      expected: 'at most 100 letters, digits, blanks and ._+- (200 bytes), not starting with a dot or a blank',
      fix: 'leave it out to take the name from the address',
    },
  ];
}

/** Checksums as digests are written: in lower case, so that one file has one key. */
function effective(params: ValueObject): ValueObject {
  const lowered = Object.keys(DIGITS).flatMap((name) => {
    const value = params[name];
    return typeof value === 'string' ? [[name, value.toLowerCase()] as const] : [];
  });
  return { ...params, ...Object.fromEntries(lowered) };
}

/** Takes a file from the network: the only kind that does. What it made is kept, and is read from there on. */
export const fetchFile: StageKind = {
  name: 'fetch',
  resultVersion: 1,
  summary: 'Downloads a file once, checks it and keeps it; goes on where it was interrupted.',
  params: fetchParams,
  required: fetchRequired,
  unkeyed: [],
  network: true,
  outputs: ({ url, name }) => ({
    file: resultPath(typeof url === 'string' ? url : '', typeof name === 'string' ? name : undefined),
  }),
  metrics: () => ['bytes'],
  effective,
  check: (params) => [checkAddress, checkChecksums, checkName].flatMap((rule) => rule(params)),
  load: () => import('./run.ts'),
};
