import type { SupervisedLoss } from '../losses/loss.ts';
import type { KdMethod } from '../methods/kd-method.ts';
import type { Models } from '../models/registry.ts';

/**
 * What a plugin adds, by the names that pipelines use: the default export of its file. Entries are those of our own registries, with
 * the same types.
 */
export interface Plugin {
  /** Distillation methods: values of `kd_method`. */
  readonly methods?: Readonly<Record<string, KdMethod>>;
  /** Supervised losses: values of `loss`. */
  readonly losses?: Readonly<Record<string, SupervisedLoss>>;
  /** Architectures: values of `model`. */
  readonly models?: Models;
}

/** A plugin's file. */
export interface PluginFile {
  /** Absolute path. */
  readonly path: string;
  /** As failures show it. */
  readonly shown: string;
}
