import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/core/plan.ts';
import { outlookOf } from '../../src/scheduler/outlook.ts';

const cell = (id: string, needs: readonly string[] = []): Cell => ({
  id,
  stage: id.replace(/\[.*/, ''),
  kind: 'command',
  axes: {},
  params: {},
  needs,
  resources: { cpu: 1, gpu: 0, memory: 0 },
  retry: 0,
  timeout: 0,
});

describe('the outlook of a run', () => {
  it('says of each stage its cells, what it reads, and what those took that may run', () => {
    const cells = [
      cell('data'),
      cell('student[s=0]', ['data']),
      cell('student[s=1]', ['data']),
      cell('student[s=2]', ['data']),
    ];
    const resolutions = (['reuse', 'run', 'run', 'reuse'] as const).map((status) => ({ status }));
    const last = new Map([
      ['data', { key: 'k', seconds: 5 }],
      ['student[s=0]', { key: 'k', seconds: 30, beside: 2 }],
      ['student[s=1]', { key: 'k', seconds: 10 }],
      ['student[s=2]', { key: 'k', seconds: 1000 }],
    ]);
    expect(outlookOf({ cells, resolutions, last: () => last })).toEqual([
      { stage: 'data', kind: 'command', cells: 1, needs: [] },
      { stage: 'student', kind: 'command', cells: 3, needs: ['data'], took: { wall: 20, slot: 10 } },
    ]);
  });
});
