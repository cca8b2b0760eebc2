import { join, resolve } from 'node:path';
import { growFile } from '../util/grow-file.ts';
import { Message } from '../util/protobuf.ts';
import type { OpenSink, SinkOptions, TrackedCell, TrackedParam } from './sink.ts';
import { framed } from './tfrecord.ts';

/** `DT_FLOAT`. */
const FLOAT = 1;

/** How sessions of TensorBoard's table of hyperparameters end. */
const STATUS = { finished: 1, failed: 2, interrupted: 2 } as const;

/** `google.protobuf.Value`. */
function valueOf(param: TrackedParam): (into: Message) => unknown {
  return (into) => {
    if (typeof param === 'number') return into.double(2, param);
    return typeof param === 'string' ? into.text(3, param) : into.int(4, param ? 1 : 0);
  };
}

/** `tensorflow.Event` of a moment, in milliseconds, in the frame of a record. */
function event(at: number, step: number, fill: (into: Message) => unknown): Uint8Array {
  const message = new Message().double(1, at / 1000).int(2, step);
  fill(message);
  return framed(message.done());
}

/** Numbers as `tensorflow.Summary`. */
const scalars = (at: number, step: number, values: Readonly<Record<string, number>>): Uint8Array =>
  event(at, step, (into) =>
    into.message(5, (summary) => {
      for (const [name, value] of Object.entries(values))
        summary.message(1, (one) => one.text(1, name).float(2, value));
    }),
  );

/** What TensorBoard's plugin for hyperparameters reads: `HParamsPluginData` in the metadata of an empty summary. */
const hparams = (at: number, tag: string, fill: (data: Message) => unknown): Uint8Array =>
  event(at, 0, (into) =>
    into.message(5, (summary) =>
      summary.message(1, (value) =>
        value
          .text(1, tag)
          .message(8, (tensor) =>
            tensor.int(1, FLOAT).message(2, (shape) => shape.message(2, (axis) => axis.int(1, 0))),
          )
          .message(9, (metadata) => metadata.message(1, (plugin) => plugin.text(1, 'hparams').message(2, fill))),
      ),
    ),
  );

/**
 * The content of a result's event file. Of a result that goes on it is the beginning of what it will be.
 *
 * @param cell - the result
 * @returns records of TensorFlow's format
 */
export function eventFile(cell: TrackedCell): Uint8Array {
  const { params, startedAt, rows, end } = cell;
  const start = hparams(startedAt, '_hparams_/session_start_info', (data) =>
    data.message(3, (info) => {
      for (const [name, param] of Object.entries(params))
        info.message(1, (entry) => entry.text(1, name).message(2, valueOf(param)));
      info.double(5, startedAt / 1000);
    }),
  );
  const chunks = [
    event(startedAt, 0, (into) => into.text(3, 'brain.Event:2')),
    start,
    ...rows.map(({ at, step, values }) => scalars(at, step, values)),
  ];
  if (end) {
    const { at, state, metrics } = end;
    if (Object.keys(metrics).length > 0) chunks.push(scalars(at, rows.at(-1)?.step ?? 0, metrics));
    chunks.push(
      hparams(at, '_hparams_/session_end_info', (data) =>
        data.message(4, (info) => info.int(1, STATUS[state]).double(2, at / 1000)),
      ),
    );
  }
  return Buffer.concat(chunks);
}

/** What of a result tells it from others of its stage, as every file system takes it. */
function folderOf({ cell, stage, key }: TrackedCell): string {
  const axes = cell
    .slice(stage.length)
    .replaceAll(/[^\w.=,+-]+/g, ' ')
    .trim()
    .replaceAll(' ', '_')
    .slice(0, 80);
  return [...(axes === '' ? [] : [axes]), key.slice(0, 8)].join('-');
}

/**
 * Opens a folder of event files: `<pipeline>/<stage>/<axes>-<key>/`, which TensorBoard shows as a run each.
 *
 * @param options - settings and working folder
 * @returns the sink
 */
export function open(options: SinkOptions): OpenSink {
  const { settings, root } = options;
  const target = resolve(root, settings['folder'] ?? 'tensorboard');
  return {
    target,
    write: (cell) => {
      const folder = join(target, cell.pipeline, cell.stage, folderOf(cell));
      growFile(join(folder, 'events.out.tfevents.kdpipe'), eventFile(cell));
      return Promise.resolve();
    },
  };
}
