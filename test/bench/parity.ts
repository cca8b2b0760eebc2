import { createEngine } from '../../src/ml/engines/create-engine.ts';
import type { EngineName } from '../../src/ml/engines/registry.ts';
import { goldens } from '../support/model-fixtures.ts';
import { parity } from '../support/parity.ts';

/**
 * Largest differences from PyTorch's float64 values for hash-made weights and images: network × quantity.
 *
 * @param args - engines; wasm unless told
 * @returns a Markdown section
 */
export async function parityTable(args: readonly string[]): Promise<string> {
  const names = args.length ? (args as readonly EngineName[]) : (['wasm'] as const);
  const sections: string[] = [];
  for (const name of names) {
    const engine = await createEngine(name, { threads: 2 });
    const rows = [...goldens].map(([model, golden]) => ({ model, differences: parity(engine, model, golden) }));
    await engine.dispose();
    const quantities = rows[0]?.differences.map(({ quantity }) => quantity) ?? [];
    const lines = [
      `| network (${name}) | ${quantities.join(' | ')} |`,
      `| --- | ${quantities.map(() => '---:').join(' | ')} |`,
      ...rows.map(({ model, differences }) => {
        const cells = differences.map((d) => `${d.difference.toExponential(1)} / ${d.pytorch.toExponential(1)}`);
        return `| ${model} | ${cells.join(' | ')} |`;
      }),
    ];
    sections.push(lines.join('\n'));
  }
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
