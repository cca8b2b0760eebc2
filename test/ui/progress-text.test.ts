import { describe, expect, it } from 'vitest';
import { bar, briefNumber, headline, oneLine, progressFacts } from '../../src/ui/progress-text.ts';

describe('the headline of metrics', () => {
  it.each([
    [{ val: { accuracy: 0.93456, mpa: 0.9 }, train: { loss: 0.1 } }, 'val.accuracy 0.9346'],
    [{ test: { accuracy: 0.9 }, 'val.accuracy': 0.5 }, 'val.accuracy 0.5'],
    [{ test: { mpa: 0.8, accuracy: 0.9 } }, 'test.accuracy 0.9'],
    [{ accuracy: 1 }, 'accuracy 1'],
    [{ seconds: 12.3456, images: 60_000 }, 'seconds 12.35'],
    [{ name: 'x', deep: { er: { count: 3 } } }, 'deep.er.count 3'],
    [{ name: 'x', nothing: null }, ''],
    [{}, ''],
  ])('of %j is "%s"', (metrics, text) => {
    expect(headline(metrics)).toBe(text);
  });
});

describe('a brief number', () => {
  it.each([
    [3, '3'],
    [60_000, '60000'],
    [0.93456, '0.9346'],
    [1369.42, '1369'],
    [0.00001234, '0.00001234'],
    [1e-9, '1e-9'],
    [-2.5, '-2.5'],
  ])('of %d is %s', (value, text) => {
    expect(briefNumber(value)).toBe(text);
  });
});

describe('the facts of progress', () => {
  it('are those that are known', () => {
    const whole = { done: 6, total: 10, unit: 'epochs', imagesPerSecond: 1369.4, loss: 0.41234, eta: 72 };
    expect(progressFacts(whole)).toEqual(['6/10 epochs', '1369 img/s', 'loss 0.412', 'ETA 1 min 12 s']);
    expect(progressFacts({ done: 2.5, total: 8, unit: 'epochs' })).toEqual(['2.5/8 epochs']);
    expect(progressFacts({ done: 12, total: 0, unit: 'files' })).toEqual(['12 files']);
    const download = { done: 12_345_678, total: 1.15e9, unit: 'bytes', bytesPerSecond: 5.14e6 };
    expect(progressFacts(download)).toEqual(['12.3/1150 MB', '5.1 MB/s']);
    expect(progressFacts({ done: 0, total: 4, unit: 'epochs', imagesPerSecond: 7.25, loss: 0 })).toEqual([
      '0/4 epochs',
      '7.3 img/s',
      'loss 0.00',
    ]);
  });
});

describe('a bar', () => {
  it.each([
    [0, '░░░░░░░░░░'],
    [0.04, '░░░░░░░░░░'],
    [0.6, '██████░░░░'],
    [1, '██████████'],
    [-1, '░░░░░░░░░░'],
    [7, '██████████'],
  ])('at %d is %s', (fraction, drawn) => {
    expect(bar(fraction, 10)).toBe(drawn);
  });
});

describe('a text on one line', () => {
  it('has single blanks only', () => {
    expect(oneLine('  two\r\n\tlines  here \n')).toBe('two lines here');
  });
});
