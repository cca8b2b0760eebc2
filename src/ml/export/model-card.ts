import { stringify } from 'yaml';
import type { JsonObject } from '../../core/json.ts';
import type { TrainedModel } from '../inference/trained-model.ts';
import { costOf } from '../network/cost.ts';
import { modelNamed } from '../models/registry.ts';
import { hubMetadata } from './hub-metadata.ts';
import type { Origin } from './origin.ts';
import { picturesOf } from './pictures.ts';

/** Classes that a card names; more are counted. */
const NAMED = 20;

function classesText({ classes }: TrainedModel): string {
  const named = classes.slice(0, NAMED).join(', ');
  return classes.length > NAMED ? `${classes.length} classes: ${named}, …` : `${classes.length} classes: ${named}`;
}

const block = (facts: JsonObject): readonly string[] => ['```yaml', stringify(facts).trim(), '```'];

function section(title: string, facts: JsonObject | undefined): readonly string[] {
  return facts && Object.keys(facts).length > 0 ? [`## ${title}`, '', ...block(facts), ''] : [];
}

/**
 * A model card as the Hugging Face hub shows it (Mitchell et al.: Model Cards for Model Reporting, FAT* 2019).
 *
 * @param model - the network
 * @param origin - where it comes from
 * @param files - names of the files beside the card
 * @returns Markdown with a YAML header
 */
export function modelCard(model: TrainedModel, origin: Origin, files: readonly string[]): string {
  const { network } = model;
  const { parameters, macs } = costOf(network);
  const { imageSize, resize, interpolation, mean, std } = picturesOf(model);
  const known = modelNamed(network.model);
  const what = known
    ? `${known.summary}. ${known.source}.`
    : 'None of kdpipe’s own models: a plugin’s, or one that is joined with a part of its teacher.';
  return [
    '---',
    stringify(hubMetadata(network.model, origin)).trim(),
    '---',
    '',
    `# ${network.model}`,
    '',
    what,
    '',
    `${classesText(model)}. ${parameters.toLocaleString('en')} parameters, ${macs.toLocaleString('en')} multiply-accumulates an image.`,
    '',
    `Files: ${files.map((name) => `\`${name}\``).join(', ')}.`,
    '',
    '## Pictures',
    '',
    `RGB. Resize the shorter side to ${resize} pixels (${interpolation}, antialiased), cut ${imageSize}×${imageSize} from the centre, scale to [0, 1], subtract`,
    `the mean [${mean.join(', ')}], divide by the standard deviation [${std.join(', ')}].`,
    '',
    ...section('Results', origin.metrics),
    ...section('How it was made', origin.stages),
    ...section('Origin', origin.made),
    '## Licence',
    '',
    'kdpipe puts no terms on weights. Those of the images, and of weights that training began with or learned from, hold on.',
    '',
  ].join('\n');
}
