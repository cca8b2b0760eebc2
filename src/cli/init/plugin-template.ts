/** `my-method` as a name of code: `MyMethod`. */
const codeName = (stem: string): string =>
  stem.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * A plugin to start from: a distillation method in one file.
 *
 * @param stem - name of the file without its ending
 * @returns its name in pipelines, and TypeScript that is JavaScript but for its types
 */
export function pluginTemplate(stem: string): { readonly name: string; readonly text: string } {
  const known = codeName(stem);
  const name = /^[A-Za-z]/.test(known) ? known : `Method${known}`;
  const text = `import { div, logitsOf, logSoftmax, mean, mul, requireTap, softmax, sub, sumRows } from 'kdpipe/plugin';
import type { KdMethod, Plugin } from 'kdpipe/plugin';

/** L = T² · mean_i Σ_j p_ij (log p_ij − log q_ij): p and q are the softmax of the teacher's and the student's logits over T. */
const ${name}: KdMethod = {
  name: '${name}',
  source: 'authors: title, venue, year',
  // Parameters of the stage, in JSON Schema: names that no other parameter has.
  options: {
    softness: { type: 'number', exclusiveMinimum: 0, default: 4, description: 'T: both sides are divided by it.' },
  },
  // How kd_ratio r becomes the weight: odds = r/(1 − r), plain = r.
  weighting: 'odds',
  // What it reads: logits, pooled, block1 … block4.
  taps: (options, available) => requireTap('${name}', 'logits', available),
  create: ({ softness }) => ({
    // An expression over the batch: logits [N, C], maps [N, H, W, C]. Gradients are derived from it.
    loss: (inputs) => {
      const T = Number(softness);
      const { teacher, student } = logitsOf(inputs);
      const [p, q] = [div(teacher, T), div(student, T)];
      const divergences = sumRows(mul(softmax(p), sub(logSoftmax(p), logSoftmax(q))));
      return mul(mean(divergences), T ** 2);
    },
  }),
};

export default { methods: { ${name} } } satisfies Plugin;
`;
  return { name, text };
}
