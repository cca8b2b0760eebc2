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
const others = versions.filter((version) => major(version) !== major(process.versions.node));

/** The teacher for one epoch, one student alone and one of the quickstart's ratios for a quarter of theirs. */
const CUT = ['teacher.with.epochs=1', 'kd_ratio=0.8', 'alone.seeds=1', 'student.seeds=1', 'epochs=10'].flatMap(
  (override) => ['-S', override],
);

/** Runs some of the quickstart with a Node, as a user who has never run it; gives the rows of its table, and the keys of its results. */
function quickstart(node: string) {
  const project = new Project({
    'README.md': readFileSync('README.md', 'utf8').replace(QUICKSTART, '\n'),
    'pipelines/quickstart.yaml': readFileSync('pipelines/quickstart.yaml', 'utf8'),
  });
  try {
    const ended = spawnSync(node, [kdpipe, 'run', 'pipelines/quickstart.yaml', '--report', ...CUT], {
      ...{ cwd: project.folder, encoding: 'utf8', maxBuffer: 2 ** 26 },
      env: { ...process.env, CI: '1', XDG_CACHE_HOME: project.path('cache') },
    });
    const verdicts = project.path('cache/kdpipe/verdicts');
    return {
      code: ended.status,
      said: ended.stdout + ended.stderr,
      rows: quickstartRows(project.read('README.md')),
      // That of a student holds the bytes of its teacher's weights, that of an evaluation the student's.
      keys: project.keys(),
      verdicts: existsSync(verdicts) ? readdirSync(verdicts).length : 0,
    };
  } finally {
    project.remove();
  }
}

describe('the quickstart', () => {
  // test/docs/readme.large.test.ts makes the whole table with the Node of the tests, and compares it with the README's.
  let here: ReturnType<typeof quickstart> | undefined;

  it.for(others)('gives on Node %s the bits that it gives here', { timeout: 600_000 }, (version, { skip }) => {
    const node = otherNode(version);
    if ('missing' in node) {
      const message = `THE QUICKSTART WAS NOT TRIED ON NODE ${version}: ${node.missing}`;
      console.warn(message);
      return skip(message);
    }
    const { code, said, rows, keys, verdicts } = quickstart(node.path);
    expect(said).not.toMatch(/warn|killed/i);
    expect(code).toBe(0);
    // A head, its rule, the teacher, the student alone, the student of that ratio.
    expect(rows).toHaveLength(5);
    here ??= quickstart(process.execPath);
    expect({ rows, keys }).toEqual({ rows: here.rows, keys: here.keys });
    // The native kernels were tried out once, where there are some.
    expect(verdicts).toBe('unavailable' in loadLibrary() ? 0 : 1);
  });
});
