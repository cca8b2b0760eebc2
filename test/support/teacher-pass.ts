import type { Engine, Session } from '../../src/ml/engines/engine.ts';
import { BatchImages } from '../../src/ml/inference/batch-images.ts';
import { TeacherPass } from '../../src/ml/train/teacher-pass.ts';
import { plainFormat } from './plain-format.ts';

/** A teacher that has batches for itself. */
export const teacherPass = (session: Session, engine: Engine, views = 1): TeacherPass =>
  new TeacherPass(
    session,
    engine,
    new BatchImages(engine, plainFormat(session.network.layers[0]!.shape.height)),
    views,
  );
