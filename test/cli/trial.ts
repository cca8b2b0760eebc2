import { afterAll, beforeAll } from 'vitest';
import { Project } from '../support/project.ts';

/** Two makers, a score of each, and a table of the scores. */
export const pipeline = `name: trial
params: { word: hello }
stages:
  make:
    uses: command
    matrix: { size: [1, 2] }
    with:
      shell: 'echo "making \${matrix.size}"; echo \${params.word} \${matrix.size} > "$KDPIPE_OUT/x"'
      outputs: { x: x }
  score:
    uses: command
    matrix: { of: ["\${stages.make}"] }
    with:
      shell: |
        read word size < "$KDPIPE_INPUT_OF"
        echo "{ \\"accuracy\\": 0.$size }" > "$KDPIPE_OUT/metrics.json"
      inputs: { of: "\${matrix.of.x}" }
      outputs: { metrics: metrics.json }
      metrics: metrics.json
tables:
  results: { from: score, rows: [size], columns: [accuracy], into: README.md }
`;
export const readme = '# Trial\n\n<!-- kdpipe:results -->\n<!-- /kdpipe:results -->\n';

/** The cells of the pipeline, in the order of the plan. */
export const cells = ['make[size=1]', 'make[size=2]', 'score[of=make[size=1]]', 'score[of=make[size=2]]'] as const;

/** A project with the pipeline, for all tests of a file: `run` unless told, it has run once. */
export function trial(options: { readonly run: boolean } = { run: true }): () => Project {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'trial.yaml': pipeline, 'README.md': readme });
    const ended = options.run ? project.run('run', 'trial.yaml') : { code: 0, stderr: '' };
    if (ended.code !== 0) throw new Error(ended.stderr);
  });
  afterAll(() => project.remove());
  return () => project;
}

/** A stack trace's lines, or what Node says of an exception that nobody caught. */
export const stackTrace = /^\s+at .+:\d+:\d+\)?$|Unhandled|throw er/m;
