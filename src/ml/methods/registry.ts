import { attentionTransfer } from './attention-transfer.ts';
import type { KdMethod } from './kd-method.ts';
import { softTarget } from './soft-target.ts';

/** Distillation methods by the name that `kd_method` takes. */
export const methods = {
  SoftTarget: softTarget,
  AT: attentionTransfer,
} satisfies Readonly<Record<string, KdMethod>>;
