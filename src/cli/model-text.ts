import type { LayerDescription, ModelDescription } from '../ml/show/describe-model.ts';
import { largest } from '../util/extremes.ts';
import { columns } from './terminal.ts';

const count = new Intl.NumberFormat('en-US');
const counted = (n: number): string => (n === 0 ? '' : count.format(n));
const shapeText = ({ height, width, channels }: LayerDescription | ModelDescription['input']): string =>
  `${height}×${width}×${channels}`;

/** Numbers stand below each other. */
function alignRight(rows: readonly (readonly string[])[], column: number): string[][] {
  const width = largest(rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) => row.map((cell, at) => (at === column ? cell.padStart(width) : cell)));
}

/**
 * A model for reading: its facts, then a table of its layers.
 *
 * @param description - the built model
 * @returns lines
 */
export function modelText(description: ModelDescription): string {
  const { model, summary, source, input, classes, parameters, macs, layers } = description;
  const facts = [
    `${model}: ${summary}`,
    source,
    `${shapeText(input)} pixels, ${classes} classes: ${count.format(parameters)} parameters, ${count.format(macs)} MACs`,
  ];
  const header = ['layer', 'operation', 'output', 'parameters', 'MACs', 'tap'];
  const rows = layers.map((layer) => [
    layer.name,
    layer.operation,
    shapeText(layer),
    counted(layer.parameters),
    counted(layer.macs),
    layer.taps.join(' '),
  ]);
  const table = columns(alignRight(alignRight([header, ...rows], 3), 4));
  return [...facts, '', table.replace(/ +$/gm, '')].join('\n');
}
