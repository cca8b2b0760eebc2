import { ACTIVATIONS } from '../../../../src/ml/engines/primitives.ts';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { signed } from '../../../support/hashed.ts';
import { runPrimitive } from '../../../support/primitive.ts';
import { empty, positive, type Call, type Case } from './call.ts';

const reference = new ReferenceExecutor();

interface Rows {
  readonly rows: number;
  readonly channels: number;
  /** Mean of the values, which lie within ±1 of it. */
  readonly offset: number;
}

const ROWS: readonly (Rows & { readonly tolerance: number })[] = [
  // Two rows normalise to ±1 and lose their gradient altogether: what is left is the rounding of terms of size 100.
  { rows: 2, channels: 8, offset: 0, tolerance: 1e-4 },
  { rows: 33, channels: 16, offset: 0, tolerance: 1e-5 },
  // One row has no variance: it is scaled by 1/√ε = 316 before its mean is taken away.
  { rows: 1, channels: 8, offset: 0, tolerance: 1e-4 },
  { rows: 9001, channels: 24, offset: 0, tolerance: 1e-5 },
  // A mean of 100 with a deviation of .6: a variance from plain sums of squares would lose four digits.
  { rows: 700, channels: 8, offset: 100, tolerance: 1e-4 },
];

/** Batch norm on rows × channels: few rows, one row, more rows than a strip; a mean far from 0. */
function callsOf({ rows, channels, offset }: Rows): Call[] {
  const count = rows * channels;
  const x = signed('x', count).map((value) => value + offset);
  const gamma = positive('gamma', channels);
  const beta = signed('beta', channels);
  const mean = signed('mean', channels);
  const variance = positive('variance', channels);
  const residual = signed('residual', count);
  const partials = empty(64 * channels);
  const calls: Call[] = [
    {
      primitive: 'fold-batch-norm',
      operands: { gamma, beta, mean, variance, scale: empty(channels), shift: empty(channels) },
      numbers: { channels, eps: 1e-5 },
    },
    {
      primitive: 'bias-gradient',
      operands: { dy: signed('dy', count), dbias: empty(channels) },
      numbers: { rows, channels },
    },
  ];
  const statistics = {
    primitive: 'batch-norm-statistics',
    operands: { x, gamma, beta, mean, variance, saved: empty(4 * channels), partials },
    numbers: { rows, channels, eps: 1e-5, momentum: 0.1 },
    scratch: ['partials'],
  } as const;
  const saved = runPrimitive(reference, statistics)['saved']!;
  calls.push(statistics);
  for (const activation of Object.values(ACTIVATIONS))
    for (const added of activation <= ACTIVATIONS.relu6 ? [null, residual] : [null]) {
      const numbers = { rows, channels, activation };
      const output = {
        primitive: 'batch-norm-output',
        operands: { x, saved, residual: added, y: empty(count) },
        numbers,
      } as const;
      const { y } = runPrimitive(reference, output);
      const dy = signed('dy', count);
      const gradients = { dgamma: empty(channels), dbeta: empty(channels), dx: empty(count), partials };
      calls.push(
        output,
        {
          primitive: 'batch-norm-gradient',
          operands: { x, y: added && y!, dy, saved, ...gradients },
          numbers,
          // Without a residual nobody reads dy again.
          scratch: added ? ['partials'] : ['partials', 'dy'],
        },
        { primitive: 'affine', operands: { x, scale: gamma, shift: beta, residual: added, y: empty(count) }, numbers },
      );
    }
  return calls;
}

export const normalizations: readonly Case[] = ROWS.map(({ tolerance, ...shape }) => ({
  title: `batch norm of ${shape.rows} rows and ${shape.channels} channels around ${shape.offset}`,
  calls: () => callsOf(shape),
  tolerance,
}));
