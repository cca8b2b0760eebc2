/** Programs, a teacher, two students that learn from it as a cohort, their scores and a table: all in some four seconds. */
export const study = {
  'README.md': '<!-- kdpipe:t -->\n<!-- /kdpipe:t -->\n',
  'study.yaml': `name: study
defaults:
  train-teacher: { batch_size: 16, lr: 0.01 }
  distill-student: { batch_size: 16, lr: 0.01 }
stages:
  word:
    uses: command
    matrix: { n: [1, 2, 3] }
    with:
      shell: 'sleep 0.2; echo "word \${matrix.n}" > "$KDPIPE_OUT/word"'
      outputs: { word: word }
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 96, val: 32, test: 20 }, mean_std: data } }
  teacher: { uses: train-teacher, with: { data: '\${stages.digits}', model: convnet8, epochs: 20, ema: true } }
  student:
    uses: distill-student
    matrix: { kd_ratio: [0.5, 0.9] }
    with: { data: '\${stages.digits}', teacher: '\${stages.teacher}', model: convnet4, kd_method: SoftTarget, epochs: 8 }
  score:
    uses: evaluate
    matrix: { of: ['\${stages.student}'] }
    with: { data: '\${stages.digits}', splits: [test] }
tables:
  t: { from: score, rows: [kd_ratio], columns: [test.accuracy], into: README.md }
`,
} as const;
