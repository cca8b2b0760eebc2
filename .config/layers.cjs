/** The arrows of src/README.md, as rules: each folder may import only what stands in its list. */
const may = {
  core: [],
  util: [],
  params: ['core', 'util'],
  graph: ['core', 'util'],
  cells: ['core', 'util'],
  fingerprint: ['core', 'util'],
  pipeline: ['core', 'util', 'graph', 'cells', 'stages'],
  stages: ['core', 'util', 'params'],
  store: ['core', 'util', 'fingerprint'],
  worker: ['core', 'util', 'store', 'stages'],
  executors: ['core', 'util', 'worker'],
  record: ['core', 'util'],
  scheduler: ['core', 'util', 'graph', 'fingerprint', 'store', 'stages', 'executors', 'record'],
  report: ['core', 'util', 'stages'],
  ui: ['core', 'util'],
  cli: [
    'core',
    'util',
    'cells',
    'pipeline',
    'stages',
    'store',
    'executors',
    'scheduler',
    'record',
    'report',
    'ui',
    // Networks as data, for `kdpipe show MODEL`: no tensors behind it.
    'ml/show',
    // For `kdpipe bench`, loaded when it is called.
    'ml/bench',
  ],
};
const mayMl = {
  random: [],
  network: ['random'],
  weights: ['network'],
  models: ['network'],
  show: ['network', 'models'],
  bench: ['network', 'models', 'engines', 'losses'],
  engines: ['network', 'random'],
  losses: [],
  methods: ['network', 'random'],
  optim: [],
  metrics: ['losses'],
  augment: [],
  data: ['random', 'augment'],
  inference: ['network', 'weights', 'models', 'engines', 'data'],
  train: [
    'inference',
    'network',
    'weights',
    'engines',
    'losses',
    'methods',
    'optim',
    'metrics',
    'augment',
    'data',
    'random',
  ],
};
/** What runs a stage: the only files of `stages/` that may import the ml half. */
const STAGE_RUN = '^src/stages/[^/]+/run[a-z-]*\\.ts$';
const rule = (name, from, allowed, except) => ({
  name,
  severity: 'error',
  from: { path: from, ...(except ? { pathNot: except } : {}) },
  to: { path: '^src/', pathNot: allowed.map((folder) => `^src/${folder}`) },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@tensorflow/tfjs-node' },
    },
    ...Object.entries(may).map(([folder, list]) =>
      rule(`layer-${folder}`, `^src/${folder}/`, [`${folder}/`, ...list.map((l) => `${l}/`)], STAGE_RUN),
    ),
    rule('layer-stage-run', STAGE_RUN, ['stages/', 'core/', 'util/', 'params/', 'ml/']),
    ...Object.entries(mayMl).map(([folder, list]) =>
      rule(`layer-ml-${folder}`, `^src/ml/${folder}/`, [
        'core/(json|failure|result)\\.ts$',
        'util/',
        // What a recipe is: both halves read it.
        'params/',
        `ml/${folder}/`,
        ...list.map((l) => `ml/${l}/`),
      ]),
    ),
    {
      name: 'no-tensors-in-the-runner',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/ml/', STAGE_RUN] },
      to: { path: '@tensorflow/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
