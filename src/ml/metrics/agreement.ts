import { floatAt } from '../../util/at.ts';
import { logSumExp } from './log-sum-exp.ts';
import { predictedClasses, type Predictions } from './probabilities.ts';

/**
 * Share of images for which a student and its teacher predict the same class, right or wrong: the fidelity of Stanton
 * et al., "Does Knowledge Distillation Really Work?" (NeurIPS 2021), section 3.
 *
 * @param student - the student's predictions
 * @param teacher - the teacher's, of the same images in the same order
 * @returns average top-1 agreement in [0, 1]; 0 of no images
 */
export function agreement(student: Predictions, teacher: Predictions): number {
  const [own, other] = [predictedClasses(student), predictedClasses(teacher)];
  const same = own.filter((label, image) => label === other[image]).length;
  return own.length === 0 ? 0 : same / own.length;
}

/**
 * Mean Kullback–Leibler divergence of the student's probabilities from the teacher's, in nats:
 * (1/N) Σ_i Σ_c p_t (log p_t − log p_s), without temperature; the average predictive KL of Stanton et al. (NeurIPS 2021).
 *
 * @param student - the student's predictions
 * @param teacher - the teacher's, of the same images in the same order
 * @returns the divergence, ≥ 0; 0 of no images
 */
export function predictiveDivergence(student: Predictions, teacher: Predictions): number {
  const { classes } = student;
  const images = student.labels.length;
  let sum = 0;
  for (let start = 0; start < images * classes; start += classes) {
    const own = logSumExp(student.logits, start, classes);
    const other = logSumExp(teacher.logits, start, classes);
    for (let at = start; at < start + classes; at++) {
      const [mine, theirs] = [floatAt(student.logits, at) - own, floatAt(teacher.logits, at) - other];
      sum += Math.exp(theirs) * (theirs - mine);
    }
  }
  return images === 0 ? 0 : sum / images;
}
