import { expect, it } from 'vitest';
import { executionsIn, judgeOnce, type Execution, type RunFacts } from './once.ts';

const facts = ({ run, by }: Execution): RunFacts => ({
  struck: by === 'struck',
  finished: new Set(run.endsWith('done') ? ['s1'] : []),
  tainted: new Set(run === 'tainted' ? ['s1'] : []),
});
const judge = (ledger: string, standing: Readonly<Record<string, string>>) =>
  judgeOnce(executionsIn(ledger), new Map(Object.entries(standing)), facts);

it('a stage that was executed once, and kept, is fine', () => {
  expect(judge('a m s1 3 4\na m s2 0 1\n', { 's1 3 4': 'a', 's2 0 1': 'a' })).toEqual({ twice: [], gone: [], lost: 0 });
});

it('what a struck run did may be lost before its commit, also when its last stage outlived it', () => {
  expect(judge('struck struck s1 3 4\na m s1 3 4\n', { 's1 3 4': 'a' })).toMatchObject({ twice: [], lost: 1 });
  expect(judge('a m s1 3 4\nstruck struck s1 3 4\n', { 's1 3 4': 'a' })).toMatchObject({ twice: [], lost: 1 });
  expect(judge('struck struck s1 3 4\n', {})).toMatchObject({ gone: [], lost: 1 });
});

it('what was made while a source changed is not kept', () => {
  expect(judge('tainted m s1 3 4\na m s1 3 4\n', { 's1 3 4': 'a' })).toMatchObject({ twice: [], lost: 1 });
});

it('a stage that two runs execute, or one twice, is done twice', () => {
  expect(judge('a m s1 3 4\nb m s1 3 4\n', { 's1 3 4': 'a' }).twice).toEqual(['s1 3 4, by run b; kept of run a']);
  expect(judge('a m s1 3 4\na m s1 3 4\n', { 's1 3 4': 'a' }).twice).toHaveLength(1);
});

it('a result that a struck run had committed, and another run made again, is done twice', () => {
  expect(judge('struck-done struck s1 3 4\nb m s1 3 4\n', { 's1 3 4': 'b' }).twice).toHaveLength(1);
});

it('a result that nobody lost, and is not there, is gone', () => {
  expect(judge('a m s1 3 4\n', {}).gone).toEqual(['s1 3 4, by run a']);
});
