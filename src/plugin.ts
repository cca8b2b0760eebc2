/** `kdpipe/plugin`: what a plugin's file imports. Its default export is a {@link Plugin}. */
export type { JsonObject } from './core/json.ts';
export { fail } from './core/failure.ts';
export type { Plugin } from './ml/plugins/plugin.ts';
export type {
  Draw,
  KdLoss,
  KdMethod,
  KdSplit,
  LossWithMemory,
  PublishedWeight,
  Remembered,
  Sides,
  StepArrays,
  TapShapes,
  TermInputs,
  TermStep,
} from './ml/methods/kd-method.ts';
export type { LossOptions, SupervisedLoss } from './ml/losses/loss.ts';
export type { Adapter } from './ml/algebra/adapter.ts';
export type { Dimensions, Node } from './ml/algebra/node.ts';
export type { LayerIndex, Network, Shape, StateDict } from './ml/network/network.ts';
export type { Model } from './ml/models/model.ts';
export { requireSize } from './ml/models/model.ts';
export { NetworkBuilder } from './ml/network/builder.ts';
export { array, constant } from './ml/algebra/inputs.ts';
export { lengthOf } from './ml/algebra/node.ts';
export * from './ml/algebra/arithmetic.ts';
export * from './ml/algebra/maps.ts';
export * from './ml/algebra/matrices.ts';
export * from './ml/algebra/reductions.ts';
export * from './ml/algebra/shapes.ts';
export * from './ml/methods/terms/rows.ts';
export * from './ml/methods/terms/taps.ts';
