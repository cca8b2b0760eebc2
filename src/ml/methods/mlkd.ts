import { add, addN, div, mul } from '../algebra/arithmetic.ts';
import { columnGram, rowGram } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { softmax } from '../algebra/reductions.ts';
import type { KdMethod, Sides } from './kd-method.ts';
import { squaredDistance } from './terms/maps.ts';
import { logitsOf, softDivergence, zScores } from './terms/rows.ts';
import { requireTap } from './terms/taps.ts';

/** Gram matrices of both sides' probabilities compared: of images (batch level, ÷ N) and of classes (÷ C). */
function relations({ teacher, student }: Sides<Node>, temperature: number): Node {
  const [ours, theirs] = [softmax(div(student, temperature)), softmax(div(teacher, temperature))];
  return add(
    mul(squaredDistance(rowGram(ours), rowGram(theirs)), 1 / lengthOf(ours, 0)),
    mul(squaredDistance(columnGram(ours), columnGram(theirs)), 1 / lengthOf(ours, 1)),
  );
}

/**
 * Multi-level logit distillation: over several temperatures, instances (soft targets), the batch and the classes:
 * L = Σ_T [T² mean_i KL(p_t ‖ p_s) + ‖P_t P_tᵀ − P_s P_sᵀ‖²/N + ‖P_tᵀ P_t − P_sᵀ P_s‖²/C], P = softmax(z/T).
 * `mlkd_standardise`: soft targets of z-scores, as logit standardisation has them (Sun et al., 2024). The authors' program shows each
 * image in two ways (`second_view`). The paper's formulas hold for each; of the weak view the program halves all three parts, by masks
 * that it multiplies means with, and of the strong one it has soft targets alone, at three of its five temperatures.
 */
export const multiLevel: KdMethod = {
  name: 'MLKD',
  source: 'Jin, Wang, Lin: Multi-Level Logit Distillation, CVPR 2023',
  options: {
    mlkd_temperatures: {
      type: 'array',
      items: { type: 'number', exclusiveMinimum: 0 },
      minItems: 1,
      default: [2, 3, 4, 5, 6],
      description: 'Temperatures whose terms are added up.',
    },
    mlkd_standardise: {
      type: 'boolean',
      // No default: keys of students from before it stay.
      description:
        'Whether soft targets are those of z-scores, as logit standardisation has them; not where it is left out.',
    },
  },
  weighting: 'odds',
  published: {
    weight: 9,
    ceWeight: 0.1,
    source: 'the program of logit standardisation (Sun et al., 2024), in front of MLKD: --kd-weight 9',
  },
  relational: true,
  taps: (_, available) => requireTap('MLKD', 'logits', available),
  create: ({ mlkd_temperatures: temperatures, mlkd_standardise: isStandardised }) => ({
    loss: (inputs) => {
      const logits = logitsOf(inputs);
      const scores = { teacher: zScores(logits.teacher), student: zScores(logits.student) };
      const soft = isStandardised === true ? scores : logits;
      const each = (degree: number): Node => add(softDivergence(soft, degree), relations(logits, degree));
      return addN((temperatures as number[]).map(each));
    },
  }),
};
