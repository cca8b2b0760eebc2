import type { EventBody } from '../../core/event.ts';
import type { TaskSight } from '../../executors/cluster.ts';
import { pluralize } from '../../util/text.ts';
import type { OpenTask } from './open-task.ts';

/** Tasks of one job that wait for the same. */
interface Stuck {
  readonly first: OpenTask;
  readonly obstacle: NonNullable<TaskSight['obstacle']>;
  count: number;
}

/** Tells what tasks wait for that is not their turn: once of each job and reason. */
export class StuckTasks {
  readonly #told = new Set<string>();
  readonly #seen = new Map<string, Stuck>();

  /** Takes how the queue sees a task that waits. */
  see(task: OpenTask, { obstacle }: TaskSight): void {
    if (!obstacle) return;
    const same = `${task.array.job} ${obstacle.message}`;
    const known = this.#seen.get(same);
    if (known) known.count += 1;
    else this.#seen.set(same, { first: task, obstacle, count: 1 });
  }

  /** What was seen since it was called last, and not told before. */
  tell(): readonly EventBody[] {
    const news = [...this.#seen].filter(([same]) => !this.#told.has(same));
    this.#seen.clear();
    return news.flatMap(([same, { first, obstacle, count }]): readonly EventBody[] => {
      this.#told.add(same);
      const [cell] = first.cells;
      const message = `job ${first.array.job}, with ${pluralize(count, 'task')} that wait: ${obstacle.message}: ${obstacle.fix}`;
      return cell === undefined ? [] : [{ type: 'stage-warned', cell, message }];
    });
  }
}
