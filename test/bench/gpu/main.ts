/**
 * Parity and speed of the pytorch engine on the best device here, and where the time of an epoch goes, in at most five minutes: see ../gpu.sh. `tiny`: the same with networks
 * and images that a CPU is done with soon.
 */
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import type { ModelName } from '../../../src/ml/models/registry.ts';
import { pytorchExecutor } from '../../support/pytorch-executor.ts';
import { epochTable } from './epoch.ts';
import { modelTable, primitiveTable } from './parity.ts';
import { speedTable, type Row } from './speed.ts';

const tiny = process.argv.includes('tiny');
const SMALL = { teacher: 'resnet32x4', student: 'resnet8x4', size: 32, batch: 64, classes: 100, students: 1 } as const;
const LARGE = { teacher: 'resnet50', student: 'mobilenetv2', size: 224, batch: 64, classes: 200 } as const;
const TINY = { teacher: 'resnet8x4', student: 'resnet8x4', size: 8, batch: 4, classes: 4 } as const;
const ROWS: readonly Omit<Row, 'seconds'>[] = tiny
  ? [
      { ...TINY, students: 1, amp: false },
      { ...TINY, students: 3, amp: true },
    ]
  : [
      { ...SMALL, amp: false },
      { ...SMALL, amp: true },
      { ...LARGE, students: 1, amp: false },
      { ...LARGE, students: 1, amp: true },
      { ...SMALL, students: 8, amp: false },
      { ...LARGE, students: 8, amp: true },
    ];
const EPOCH = tiny
  ? ({ model: 'resnet8', side: 32, batch: 8, batches: 8 } as const)
  : ({ model: 'mobilenetv2', side: 224, batch: 64, batches: 40 } as const);
const MODELS: readonly ModelName[] = tiny
  ? ['resnet8']
  : ['resnet20', 'resnet50', 'mobilenetv2', 'ghostnet', 'efficientnet_v2_s', 'shufflenet_v2_x1_0'];

const print = (lines: readonly string[]): void => console.log([...lines, ''].join('\n'));

const paneled = pytorchExecutor({ panel: new ReferenceExecutor().target.panel });
print([JSON.stringify(paneled.description)]);
print(primitiveTable(paneled));
await paneled.dispose();
const executor = pytorchExecutor();
print(modelTable(executor, MODELS));
print(await epochTable(EPOCH));
const engine = new CompiledEngine(executor);
print(
  speedTable(
    engine,
    ROWS.map((row) => ({ ...row, seconds: tiny ? 0 : 3 })),
  ),
);
print([JSON.stringify(engine.description, null, 1)]);
await engine.dispose();
