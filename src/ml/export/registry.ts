import type { ExportFormat } from './export-format.ts';
import { onnx } from './onnx.ts';
import { pytorch } from './pytorch.ts';
import { safetensors } from './safetensors.ts';
import { tfjs } from './tfjs.ts';

/** All forms in which a network is taken away, by name. */
export const exportFormats = { onnx, safetensors, pytorch, tfjs } as const satisfies Readonly<
  Record<string, ExportFormat>
>;

/** Name of such a form. */
export type ExportFormatName = keyof typeof exportFormats;
