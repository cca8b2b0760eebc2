import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, and whose size does not show it: it is by size that Vitest orders what it has never run. */
const LONG = [
  'trials/trials',
  'tooling/checks',
  'docs/readme',
  'e2e/node-versions',
  'ml/engines/native/bits',
  'contributing/add',
];

/** Starts long files first, so that no core waits at the end for one that came last. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      LONG.some((name) => moduleId.includes(`/test/${name}.`)) ? 0 : 1;
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
