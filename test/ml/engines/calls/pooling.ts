import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { signed } from '../../../support/hashed.ts';
import { runPrimitive } from '../../../support/primitive.ts';
import { empty, outputOf, titleOf, type Call, type Case } from './call.ts';

const POOLS = [
  { batch: 2, height: 8, width: 8, channels: 8, kernel: 2, stride: 2, padding: 0 },
  { batch: 3, height: 7, width: 5, channels: 16, kernel: 2, stride: 2, padding: 0 },
  { batch: 1, height: 9, width: 9, channels: 8, kernel: 3, stride: 2, padding: 1 },
  { batch: 2, height: 5, width: 6, channels: 24, kernel: 3, stride: 1, padding: 1 },
  { batch: 2, height: 7, width: 4, channels: 8, kernel: 7, stride: 7, padding: 3 },
];

function callsOf(window: (typeof POOLS)[number]): Call[] {
  const shape = outputOf(window);
  const inputs = shape.batch * shape.height * shape.width * shape.channels;
  const outputs = shape.batch * shape.outHeight * shape.outWidth * shape.channels;
  // Few distinct values, so that windows have ties.
  const x = signed('x', inputs).map((value) => Math.round(3 * value));
  const dy = signed('dy', outputs);
  const pooled = { primitive: 'max-pool', operands: { x, y: empty(outputs) }, numbers: shape } as const;
  const y = runPrimitive(new ReferenceExecutor(), pooled)['y']!;
  const dx = signed('dx', inputs);
  return [
    pooled,
    ...[0, 1].flatMap((flag): Call[] => [
      { primitive: 'average-pool', operands: { x, y: empty(outputs) }, numbers: { ...shape, countPadding: flag } },
      { primitive: 'max-pool-gradient', operands: { x, y, dy, dx }, numbers: { ...shape, accumulate: flag } },
      ...[0, 1].map((accumulate): Call => {
        const numbers = { ...shape, countPadding: flag, accumulate };
        return { primitive: 'average-pool-gradient', operands: { dy, dx }, numbers };
      }),
    ]),
  ];
}

export const pools: readonly Case[] = POOLS.map((shape) => ({
  title: `pooling of ${titleOf(shape)}`,
  calls: () => callsOf(shape),
  tolerance: 1e-6,
}));
