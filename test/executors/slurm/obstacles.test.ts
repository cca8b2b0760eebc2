import { expect, it } from 'vitest';
import { obstacleOf } from '../../../src/executors/slurm/obstacles.ts';

it.each([
  ['JobHeldUser', 'it is held', 'scontrol release 12'],
  ['JobHeldAdmin', 'an administrator', 'ask who runs the cluster'],
  ['launch failed requeued held', 'could not start it', 'scontrol release 12'],
  ['QOSMaxWallDurationPerJobLimit', 'more than one job gets', 'time: …'],
  ['AssocMaxCpuPerJobLimit', 'more than one job gets', 'resources'],
  ['QOSGrpCpuLimit', 'used up', 'it starts when'],
  ['AssocMaxJobsLimit', 'used up', 'it starts when'],
  ['PartitionDown', 'take no jobs', 'sinfo -R'],
  ['ReqNodeNotAvail, UnavailableNodes:n1', 'take no jobs', 'sinfo -R'],
  ['InvalidAccount', 'may not run here', 'account'],
])('%s is told, with what to do', (reason, what, fix) => {
  expect(obstacleOf('12', reason)).toEqual({
    message: expect.stringMatching(new RegExp(`${what}.*\\(${reason}\\)$`)),
    fix: expect.stringContaining(fix),
  });
});

it.each(['None', '', 'Priority', 'Resources', 'Dependency', 'BeginTime', 'JobArrayTaskLimit'])(
  '%s is the usual queue',
  (reason) => expect(obstacleOf('12', reason)).toBeUndefined(),
);
