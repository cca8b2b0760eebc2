import type { Sink } from './sink.ts';

/** Every tool that results go to, by the name after `uses` and `--to`. */
export const sinks = {
  tensorboard: {
    summary: 'event files of TensorBoard, with hyperparameters',
    settings: { folder: 'The folder for tensorboard --logdir; tensorboard by default.' },
    load: () => import('./tensorboard.ts'),
  },
  mlflow: {
    summary: 'a tracking server of MLflow',
    settings: {
      tracking_uri: 'Address of the server; $MLFLOW_TRACKING_URI by default.',
      experiment: 'Name of the experiment; $MLFLOW_EXPERIMENT_NAME, else the name of the pipeline.',
    },
    load: () => import('./mlflow.ts'),
  },
  wandb: {
    summary: 'offline runs of Weights & Biases, for wandb sync',
    settings: {
      folder: 'The folder in which wandb/ is; $WANDB_DIR, else the working folder.',
      project: 'Project; $WANDB_PROJECT, else the name of the pipeline.',
      entity: 'User or team; $WANDB_ENTITY, else whoever syncs.',
    },
    load: () => import('./wandb.ts'),
  },
} as const satisfies Readonly<Record<string, Sink>>;

/** Name of such a tool. */
export type SinkName = keyof typeof sinks;
