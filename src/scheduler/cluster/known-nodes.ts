import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JobRequest } from '../../core/array-job.ts';
import type { Failure } from '../../core/failure.ts';
import type { Cluster } from '../../executors/cluster.ts';
import { canonical } from '../../fingerprint/canonical.ts';
import { sha256 } from '../../fingerprint/digest.ts';
import { kdpipeProgram } from '../../util/package-root.ts';
import { writeWhole } from '../../util/write-whole.ts';

/** Which nodes have been seen to run tasks of a project, by what says which nodes these are: `runs/.nodes/<digest>`. */
export class KnownNodes {
  readonly #folder: string;

  /** @param runsFolder - absolute path of `runs/` */
  constructor(runsFolder: string) {
    this.#folder = join(runsFolder, '.nodes');
  }

  #file({ settings: { partition = '', qos = '', setup = '', options = [] } }: JobRequest): string {
    const where = [partition, qos, setup, [...options], kdpipeProgram(), process.execPath];
    return join(this.#folder, sha256(canonical(where)).slice(0, 16));
  }

  /** Whether nodes that such tasks run on are known to run them. */
  isKnown(request: JobRequest): boolean {
    return existsSync(this.#file(request));
  }

  /** Takes note that a node has run such a task. */
  note(request: JobRequest): void {
    if (!this.isKnown(request)) writeWhole(this.#file(request), '');
  }

  /**
   * Asks nodes of which nothing is known, as far as there are idle ones.
   *
   * @param requests - what tasks ask for
   * @param cluster - where the nodes are
   * @param cwd - absolute path of the folder that tasks start in
   * @returns for each request, what a node lacks
   */
  async try(requests: readonly JobRequest[], cluster: Cluster, cwd: string): Promise<readonly (Failure | undefined)[]> {
    const trials = new Map<string, ReturnType<Cluster['tryNode']>>();
    const shared = join(this.#folder, 'seen');
    const isNew = requests.filter((request) => !this.isKnown(request));
    if (isNew.length > 0) writeWhole(shared, '');
    for (const request of isNew) {
      const file = this.#file(request);
      if (!trials.has(file)) trials.set(file, cluster.tryNode(request, { cwd, shared }));
    }
    return Promise.all(
      requests.map(async (request) => {
        const trial = await trials.get(this.#file(request));
        if (trial === 'fit') this.note(request);
        return typeof trial === 'object' ? trial : undefined;
      }),
    );
  }
}
