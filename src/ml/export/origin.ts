import type { JsonObject } from '../../core/json.ts';

/** Where a network comes from, as far as it is known. */
export interface Origin {
  /** Cell, run and commit that made it. */
  readonly made?: JsonObject;
  /** Parameters of the stage, and of those that it read: teacher, dataset. */
  readonly stages?: JsonObject;
  /** Of the training, and of evaluations: by split. */
  readonly metrics?: JsonObject;
  /** Repositories of the Hugging Face Hub whose weights it began with or learned from. */
  readonly baseModels?: readonly string[];
  /** Identifier of the licence of its weights, as the Hub has them. */
  readonly license?: string;
}
