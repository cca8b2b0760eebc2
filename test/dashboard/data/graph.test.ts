import { expect, it } from 'vitest';
import { box, stageGraph } from '../../../src/dashboard/data/graph.ts';
import { describePlan } from '../../../src/dashboard/data/describe-plan.ts';
import { cell, plan } from '../../report/sample-plan.ts';

const reads = (id: string, ...needs: readonly string[]) => ({ ...cell(id), needs });
const graph = stageGraph(
  describePlan(
    plan([
      reads('data'),
      reads('teacher', 'data'),
      reads('student', 'data', 'teacher'),
      reads('alone', 'data'),
      reads('score', 'student', 'alone', 'data'),
    ]),
    'r',
  ),
);

it('puts what is read to the left of what reads it, and draws only lines that say something', () => {
  const column = Object.fromEntries(graph.boxes.map(({ stage, x }) => [stage.id, x / box.columnStep]));
  expect(column).toEqual({ data: 0, teacher: 1, student: 2, alone: 1, score: 3 });
  expect(graph.edges.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
    'alone score',
    'data alone',
    'data teacher',
    'student score',
    'teacher student',
  ]);
});

it('lets no line pass under a box', () => {
  const long = graph.edges.find(({ from }) => from === 'alone');
  const student = graph.boxes.find(({ stage }) => stage.id === 'student');
  const passing = long?.points[2];
  expect(long?.points).toHaveLength(6 - 2);
  expect(passing && student && (passing.y < student.y || passing.y > student.y + box.height)).toBe(true);
});

it('is as large for ten thousand cells', () => {
  const many = Array.from({ length: 10_000 }, (_, seed) => cell(`m[seed=${seed}]`, { seed }));
  const { boxes, width, height } = stageGraph(describePlan(plan(many), 'r'));
  expect([boxes.length, boxes[0]?.cells, width, height]).toEqual([1, 10_000, box.width, box.height]);
});
