/** The arrows of src/README.md, as rules: each folder may import only what stands in its list. */
const may = {
  core: [],
  util: [],
  graph: ['core', 'util'],
  cells: ['core', 'util'],
  fingerprint: ['core', 'util'],
  pipeline: ['core', 'util', 'graph', 'cells', 'stages'],
  stages: ['core', 'util'],
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
  train: [
    'network',
    'weights',
    'models',
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
      rule(
        `layer-${folder}`,
        `^src/${folder}/`,
        [`${folder}/`, ...list.map((l) => `${l}/`)],
        '^src/stages/[^/]+/run\\.ts$',
      ),
    ),
    rule('layer-stage-run', '^src/stages/[^/]+/run\\.ts$', ['stages/', 'core/', 'util/', 'ml/']),
    ...Object.entries(mayMl).map(([folder, list]) =>
      rule(`layer-ml-${folder}`, `^src/ml/${folder}/`, [
        'core/(json|failure|result)\\.ts$',
        'util/',
        `ml/${folder}/`,
        ...list.map((l) => `ml/${l}/`),
      ]),
    ),
    // Methods are expressions; one folder evaluates them with a tensor library, and nothing else has one.
    {
      name: 'no-tensors',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ml/methods/tfjs/' },
      to: { path: '@tensorflow/' },
    },
    {
      name: 'methods-are-expressions',
      severity: 'error',
      from: { path: '^src/ml/methods/', pathNot: '^src/ml/methods/tfjs/' },
      to: { path: '^src/ml/methods/tfjs/' },
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
