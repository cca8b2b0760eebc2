import { describe, expect, it } from 'vitest';
import { curvesOf, logOf, paceNumbers } from '../../../src/ml/train/records.ts';
import type { EpochRow } from '../../../src/ml/train/training-state.ts';

const first: EpochRow = {
  ...{ epoch: 0, lr: 1e-6, train_loss: 2.302585, kd_loss: 0.1 + 0.2, kd_terms: { SoftTarget: 0.05, AT: 2e-4 } },
  ...{ val_accuracy: 0.5, val_mpa: 1 / 3, val_loss: 1.25 },
};
const second: EpochRow = {
  ...{ epoch: 1, lr: 0.001, train_loss: 2, kd_loss: null, kd_terms: {} },
  ...{ val_accuracy: null, val_mpa: null, val_loss: null },
};

describe('the pace of an epoch', () => {
  it('is rounded', () => {
    expect(paceNumbers({ imagesPerSecond: 99.6, waiting: 1 / 3, bringing: 0.00001 })).toEqual({
      images_per_second: 100,
      waiting_for_images: 0.3333,
      bringing_images: 0,
    });
  });
});

describe('curves', () => {
  it('are one row an epoch, numbers in full, a column for each distillation term', () => {
    expect(curvesOf([first, { ...first, epoch: 1, val_loss: null }])).toBe(
      [
        'epoch,lr,train_loss,kd_loss,kd_loss_SoftTarget,kd_loss_AT,val_loss,val_accuracy,val_mpa',
        '0,0.000001,2.302585,0.30000000000000004,0.05,0.0002,1.25,0.5,0.3333333333333333',
        '1,0.000001,2.302585,0.30000000000000004,0.05,0.0002,,0.5,0.3333333333333333',
        '',
      ].join('\n'),
    );
  });

  it('leave fields without a number empty', () => {
    expect(curvesOf([second])).toBe(
      ['epoch,lr,train_loss,kd_loss,val_loss,val_accuracy,val_mpa', '1,0.001,2,,,,', ''].join('\n'),
    );
  });
});

describe('the log', () => {
  it('says of each epoch what there is to say, and which was kept', () => {
    expect(logOf([first, second], first)).toBe(
      [
        'epoch 0: lr 1.00e-6, loss 2.3026, kd 0.3000, val loss 1.2500, val accuracy 50.00 %, val mpa 33.33 %',
        'epoch 1: lr 1.00e-3, loss 2.0000',
        'kept epoch 0',
        '',
      ].join('\n'),
    );
  });
});
