import { engines } from '../../src/ml/engines/registry.ts';
import { goldens } from '../support/model-fixtures.ts';
import { parity } from '../support/parity.ts';

/**
 * Largest differences from PyTorch's float64 values for hash-made weights and images: network × quantity.
 *
 * @param args - engines; wasm unless told
 * @returns a Markdown section
 */
export function parityTable(args: readonly string[]): string {
  const names = args.length ? (args as readonly (keyof typeof engines)[]) : (['wasm'] as const);
  const sections = names.map((name) => {
    const engine = engines[name].create({ threads: 2 });
    const rows = [...goldens].map(([model, golden]) => ({ model, differences: parity(engine, model, golden) }));
    void engine.dispose();
    const quantities = rows[0]?.differences.map(({ quantity }) => quantity) ?? [];
    return [
      `| network (${name}) | ${quantities.join(' | ')} |`,
      `| --- | ${quantities.map(() => '---:').join(' | ')} |`,
      ...rows.map(({ model, differences }) => {
        const cells = differences.map((d) => `${d.difference.toExponential(1)} / ${d.pytorch.toExponential(1)}`);
        return `| ${model} | ${cells.join(' | ')} |`;
      }),
    ].join('\n');
  });
  return [
    '## Parity with PyTorch',
    '',
    'Largest difference from PyTorch in float64 / the same of PyTorch in float32, for equal hash-made weights and a batch',
    'of two images: logits, block taps (mean, deviation, first values) and loss in evaluation and training, running',
    'statistics after one step, first values of some gradients, relative difference of the norms of all. In the gradients a',
    'ReLU whose input is within rounding of 0 may change sides (ghostnet, resnet8x4: the reference engine in float64 is within',
    '1e-7); resnet50’s 53 batch norms over a few pixels amplify rounding, in PyTorch’s float32 alike.',
    '',
    sections.join('\n\n'),
  ].join('\n');
}
