import type { Catalogue } from './catalogue.ts';
import { command } from './command/kind.ts';
import { dataset } from './dataset/kind.ts';
import { distillStudent, distillStudentWith } from './distill-student/kind.ts';
import { evaluate } from './evaluate/kind.ts';
import { exportNetwork } from './export/kind.ts';
import { fetchFile } from './fetch/kind.ts';
import { onnx } from './onnx/kind.ts';
import { predict } from './predict/kind.ts';
import { pretrained, pretrainedWith } from './pretrained/kind.ts';
import type { StageKind } from './stage-kind.ts';
import { trainTeacher } from './train-teacher/kind.ts';

/** Every kind of stage; the keys are the names of `uses` in YAML. */
export const kinds = {
  command,
  dataset,
  'distill-student': distillStudent,
  evaluate,
  export: exportNetwork,
  fetch: fetchFile,
  onnx,
  predict,
  pretrained,
  'train-teacher': trainTeacher,
} satisfies Record<string, StageKind>;

/**
 * The kinds as a pipeline has them whose plugins add names.
 *
 * @param names - the catalogue with what its plugins add
 * @returns the kinds
 */
export const kindsWith = (names: Catalogue): typeof kinds => ({
  ...kinds,
  'distill-student': distillStudentWith(names),
  pretrained: pretrainedWith(names),
});
