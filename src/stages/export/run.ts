import { exportModel, type Exported } from '../../ml/export/export-model.ts';
import { exportFormats } from '../../ml/export/registry.ts';
import { sampleImages } from '../../ml/export/sample-images.ts';
import { openTrained } from '../../ml/inference/open-trained.ts';
import { decodeParams } from '../../params/decode-params.ts';
import { inputOf, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { exportParams, exportRequired } from './params.ts';

const DECLARATION = { params: exportParams, required: exportRequired } as const;

const checkedText = (exported: Exported): string =>
  'by' in exported
    ? `${exported.by}, to ${exported.difference.toExponential(1)}`
    : `not checked: ${exported.unchecked}`;

/**
 * Exports a network.
 *
 * @param stage - the running stage
 * @returns no metrics; who has checked each form, for the record
 * @throws FailureError `export-differs` when a program that reads the form gives other logits
 */
export async function run(stage: StageContext): Promise<StageOutcome> {
  const { to } = decodeParams(DECLARATION, stage.params, { exports: exportFormats });
  const folder = stage.params['data'] === undefined ? undefined : inputOf(stage, 'data').path;
  const { model, data } = openTrained(inputOf(stage, 'of').path, folder);
  try {
    const images = await sampleImages(model, data);
    const exported = await exportModel({ model, formats: to, folder: stage.out, images, origin: {} });
    for (const one of exported)
      if ('unchecked' in one)
        stage.tell({ type: 'warning', message: `${one.format} is not checked: ${one.unchecked}` });
    return {
      metrics: {},
      environment: { checked: Object.fromEntries(exported.map((one) => [one.format, checkedText(one)])) },
    };
  } finally {
    data?.close();
  }
}
