import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { experimentText } from '../../../src/report/rows/experiment.ts';
import type { RowLabel } from '../../../src/cells/labels.ts';

/** Labels from names and values. */
const labels = (values: Readonly<Record<string, Json>>): readonly RowLabel[] =>
  Object.entries(values).map(([name, value]) => ({
    name,
    value,
    text: value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value),
  }));

describe('a row in the original study’s form', () => {
  it.each<[string, Readonly<Record<string, Json>>]>([
    ['mobilenetv2', { model: 'mobilenetv2', teacher: null, kd_method: null, ema: null }],
    ['teacher->resnet50 student->mobilenetv2 MGD', { model: 'mobilenetv2', teacher: 'resnet50', kd_method: 'MGD' }],
    [
      'teacher->efficientnet_v2_s student->mobilenetv2 MGD+EMA+RDrop',
      { model: 'mobilenetv2', teacher: 'efficientnet_v2_s', kd_method: 'MGD', ema: true, rdrop: true },
    ],
    [
      'teacher->efficientnet_v2_s student->mobilenetv2 MGD+RDrop',
      { model: 'mobilenetv2', teacher: 'efficientnet_v2_s', kd_method: 'MGD', ema: false, rdrop: true },
    ],
    [
      'teacher->ghostnet student->ghostnet AT kd_ratio=1000',
      { model: 'ghostnet', teacher: 'ghostnet', kd_method: 'AT', kd_ratio: 1000 },
    ],
    ['mobilenetv2 EMA', { model: 'mobilenetv2', ema: true }],
    [
      'teacher->resnet50 student->mobilenetv2 SP',
      { model: 'mobilenetv2', 'teacher.model': 'resnet50', kd_method: 'SP' },
    ],
    ['resnet8 pretrained', { model: 'resnet8', pretrained: true }],
    ['lr=0.1', { lr: 0.1 }],
  ])('is %s', (text, values) => {
    expect(experimentText(labels(values))).toBe(text);
  });

  it('is never empty', () => {
    expect(experimentText(labels({ ema: false }))).toBe('ema=false');
    expect(experimentText(labels({ kd_method: null }))).toBe('kd_method=none');
    expect(experimentText([])).toBe('all');
  });
});
