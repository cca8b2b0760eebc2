import { at, doubleAt } from '../../util/at.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { TapValues } from '../methods/terms/kd-loss.ts';
import type { Shape } from '../network/network.ts';
import type { Teacher } from './teacher-pass.ts';

const LOGITS = ['logits'] as const;

/** Several teachers as one: z_t = 1/n · Σ_k z_k. It has logits and nothing else. */
export class MeanTeacher implements Teacher {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly #teachers: readonly Teacher[];
  #latest: { readonly batch: TrainBatch; readonly values: TapValues } | undefined;

  /** @param teachers - at least one; of the same classes */
  constructor(teachers: readonly Teacher[]) {
    const logits = teachers[0]?.shapes['logits'];
    this.#teachers = teachers;
    this.shapes = logits ? { logits } : {};
  }

  need(): void {
    for (const teacher of this.#teachers) teacher.need(LOGITS);
  }

  prepare(batch: number): void {
    for (const teacher of this.#teachers) teacher.prepare(batch);
  }

  of(batch: TrainBatch): TapValues {
    if (this.#latest?.batch !== batch) this.#latest = { batch, values: { logits: this.#mean(batch) } };
    return this.#latest.values;
  }

  #mean(batch: TrainBatch): Float32Array {
    const all = this.#teachers.map((teacher) => teacher.of(batch)['logits'] ?? new Float32Array());
    const sums = new Float64Array(at(all, 0).length);
    for (const logits of all) logits.forEach((value, i) => (sums[i] = doubleAt(sums, i) + value));
    return Float32Array.from(sums, (sum) => sum / all.length);
  }
}
