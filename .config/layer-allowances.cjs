/** The arrows of src/README.md: each folder may import only what stands in its list. `layers.cjs` makes rules of them. */
const may = {
  core: [],
  util: [],
  params: ['core'],
  graph: ['core', 'util'],
  cells: ['core', 'util'],
  fingerprint: ['core', 'util'],
  // Of `sinks` only what there are, and with which settings.
  pipeline: ['core', 'util', 'graph', 'cells', 'stages', 'sinks'],
  sinks: ['core', 'util'],
  hub: ['core', 'util'],
  stages: ['core', 'util', 'params'],
  store: ['core', 'util', 'fingerprint'],
  worker: ['core', 'util', 'store', 'stages'],
  executors: ['core', 'util', 'worker', 'store', 'stages'],
  record: ['core', 'util'],
  scheduler: ['core', 'util', 'graph', 'fingerprint', 'store', 'stages', 'executors', 'record'],
  report: ['core', 'util', 'cells', 'stages'],
  ui: ['core', 'util'],
  dashboard: ['core', 'util', 'cells', 'report', 'record', 'store', 'project'],
  project: [
    'core',
    'util',
    'fingerprint',
    'cells',
    'pipeline',
    'stages',
    'store',
    'executors',
    'scheduler',
    'record',
    'report',
    'sinks',
  ],
  cli: [
    'core',
    'util',
    'cells',
    'stages',
    'store',
    'executors',
    'record',
    'report',
    'project',
    'ui',
    'dashboard',
    'sinks',
    // For `kdpipe push`.
    'hub',
    // For `kdpipe import`.
    'pipeline/import',
    // Networks as data, for `kdpipe show MODEL`: no tensors behind it.
    'ml/show',
    // For `kdpipe bench`, loaded when it is called.
    'ml/bench',
    // For `kdpipe export` and `kdpipe predict`, loaded when they are called.
    'ml/export',
    'ml/inference',
    // For images in `kdpipe dashboard` and `kdpipe report --format html`, loaded when they are called.
    'ml/data',
    // For `kdpipe engine`, loaded when it is called.
    'ml/engines/tensorflow',
  ],
};
/** Within src/ml. */
const mayMl = {
  random: [],
  network: ['random'],
  algebra: ['network'],
  weights: ['network'],
  models: ['network'],
  show: ['network', 'models'],
  bench: ['network', 'models', 'engines', 'losses', 'data'],
  engines: ['network', 'random', 'algebra'],
  losses: ['algebra'],
  methods: ['network', 'random', 'algebra'],
  plugins: ['network', 'models', 'algebra', 'engines', 'losses', 'methods'],
  optim: [],
  metrics: [],
  augment: [],
  data: ['random', 'augment'],
  inference: ['network', 'weights', 'models', 'engines', 'augment', 'data'],
  export: ['inference', 'network', 'weights', 'models', 'engines', 'data', 'augment', 'random'],
  train: [
    'inference',
    'network',
    'weights',
    'engines',
    'algebra',
    'losses',
    'methods',
    'optim',
    'metrics',
    'augment',
    'data',
    'random',
  ],
};
/** Within src/pipeline: a later step may use earlier ones. */
const mayPipeline = {
  source: [],
  planned: [],
  sampling: [],
  read: ['source'],
  check: ['source', 'read', 'planned'],
  expand: ['source', 'read', 'planned', 'check', 'sampling'],
  tables: ['source', 'read', 'planned', 'expand'],
  // Configurations of other programs.
  import: ['source', 'read'],
};
/** Within src/report. */
const mayReport = {
  apart: [],
  files: [],
  rows: [],
  tables: ['apart', 'files', 'rows'],
  plots: ['apart', 'files', 'rows', 'tables'],
};
/** Within src/dashboard: the page runs in a browser. */
const mayDashboard = {
  data: [],
  charts: ['data'],
  page: ['data', 'charts'],
  server: ['data'],
};
module.exports = { may, mayMl, mayPipeline, mayReport, mayDashboard };
