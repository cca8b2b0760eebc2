/** Closes a pool of workers, and prints what then still keeps this process from ending. */
import { WorkerPool } from '../../../src/executors/worker-pool.ts';

const pool = new WorkerPool();
await pool.take('command');
await pool.close();
process.stdout.write(
  process
    .getActiveResourcesInfo()
    .filter((name) => name === 'Timeout')
    .join(' '),
);
