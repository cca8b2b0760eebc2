const { may, mayMl, mayPipeline, mayReport, mayDashboard } = require('./layer-allowances.cjs');

/** What runs a stage: the only files of `stages/` that may import the ml half. */
const STAGE_RUN = '^src/stages/[^/]+/run[a-z-]*\\.ts$';
const rule = (name, from, allowed, except) => ({
  name,
  severity: 'error',
  from: { path: from, ...(except ? { pathNot: except } : {}) },
  to: { path: '^src/', pathNot: allowed.map((folder) => `^src/${folder}`) },
});
/** Rules between the rooms of one folder; what lies outside of it is the business of the folder's own rule. */
const inner = (folder, rooms) =>
  Object.entries(rooms).map(([room, list]) => ({
    name: `layer-${folder}-${room}`,
    severity: 'error',
    from: { path: `^src/${folder}/${room}/` },
    to: { path: `^src/${folder}/`, pathNot: [room, ...list].map((to) => `^src/${folder}/${to}/`) },
  }));
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(may).map(([folder, list]) =>
      rule(`layer-${folder}`, `^src/${folder}/`, [`${folder}/`, ...list.map((l) => `${l}/`)], STAGE_RUN),
    ),
    ...inner('pipeline', mayPipeline),
    ...inner('report', mayReport),
    ...inner('dashboard', mayDashboard),
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
    // Engines compute everything: no tensor library.
    { name: 'no-tensors', severity: 'error', from: { path: '^src/' }, to: { path: '@tensorflow/' } },
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
