import { addN, div } from '../algebra/arithmetic.ts';
import type { Dimensions, Node } from '../algebra/node.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { EngineArray } from '../engines/engine.ts';
import type { Shape } from '../network/network.ts';
import type { TapValues, Teacher } from './teacher-pass.ts';

const LOGITS = ['logits'] as const;

/** Several teachers as one: z_t = 1/n · Σ_k z_k. It has logits and nothing else. */
export class MeanTeacher implements Teacher {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly #teachers: readonly Teacher[];

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

  tap(name: string, shape: Dimensions, prefix: string): Node {
    const all = this.#teachers.map((teacher, k) => teacher.tap(name, shape, `${prefix}${k}/`));
    return div(addN(all), all.length);
  }

  /** What all members have, under the names that `tap` gives them. */
  #join<T>(of: (teacher: Teacher) => Readonly<Record<string, T>>): Readonly<Record<string, T>> {
    return Object.fromEntries(
      this.#teachers.flatMap((teacher, k) =>
        Object.entries(of(teacher)).map(([name, value]) => [`${k}/${name}`, value] as const),
      ),
    );
  }

  arrays(batch: number, view: number): Readonly<Record<string, EngineArray>> {
    return this.#join((teacher) => teacher.arrays(batch, view));
  }

  async ahead(batch: TrainBatch): Promise<void> {
    for (const teacher of this.#teachers) await teacher.ahead?.(batch);
  }

  of(batch: TrainBatch, view: number): TapValues {
    return this.#join((teacher) => teacher.of(batch, view));
  }
}
