import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadLibrary } from '../../src/ml/engines/native/library.ts';
import { otherNode } from '../support/nodes.ts';
import { kdpipe, Project } from '../support/project.ts';
import { QUICKSTART, quickstartRows } from '../support/quickstart.ts';

/** One Node of each major version that kdpipe is for. */
const versions = ['20.19.0', '22.23.5', '24.22.3', '26.12.1'];
const major = (version: string) => Number.parseInt(version);
/** That of the tests themselves makes the whole table in test/docs/readme.large.test.ts. */
const others = versions.filter((version) => major(version) !== major(process.versions.node));

/** One of the ratios that students of the quickstart are trained with. */
const RATIO = '0.8';

/** Runs the quickstart with one ratio and a Node, as a user who has never run it; gives the rows of its table. */
function quickstart(node: string) {
  const committed = readFileSync('README.md', 'utf8');
  const pipeline = readFileSync('pipelines/quickstart.yaml', 'utf8');
  const project = new Project({
    'README.md': committed.replace(QUICKSTART, '\n'),
    'pipelines/quickstart.yaml': pipeline,
  });
  try {
    const ended = spawnSync(node, [kdpipe, 'run', 'pipelines/quickstart.yaml', '--report', '-S', `kd_ratio=${RATIO}`], {
      ...{ cwd: project.folder, encoding: 'utf8', maxBuffer: 2 ** 26 },
      env: { ...process.env, CI: '1', XDG_CACHE_HOME: project.path('cache') },
    });
    const verdicts = project.path('cache/kdpipe/verdicts');
    return {
      code: ended.status,
      said: ended.stdout + ended.stderr,
      rows: quickstartRows(project.read('README.md')),
      committed: quickstartRows(committed).filter((row) => !/ SoftTarget /.test(row) || row.includes(` ${RATIO} `)),
      verdicts: existsSync(verdicts) ? readdirSync(verdicts).length : 0,
    };
  } finally {
    project.remove();
  }
}

describe('the quickstart', () => {
  it.for(others)('gives the rows of the README on Node %s', { timeout: 600_000 }, (version, { skip }) => {
    const node = otherNode(version);
    if ('missing' in node) {
      const message = `THE QUICKSTART WAS NOT TRIED ON NODE ${version}: ${node.missing}`;
      console.warn(message);
      return skip(message);
    }
    const { code, said, rows, committed, verdicts } = quickstart(node.path);
    expect(said).not.toMatch(/warn|killed/i);
    expect(code).toBe(0);
    expect(rows).toEqual(committed);
    // A head, its rule, the teacher, the student alone, the student of that ratio.
    expect(committed).toHaveLength(5);
    // The native kernels were tried out once, where there are some.
    expect(verdicts).toBe('unavailable' in loadLibrary() ? 0 : 1);
  });
});
