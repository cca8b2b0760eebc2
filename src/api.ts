/** kdpipe as a library: plan a pipeline, see what a run would do, run it, read and render its results. */
export { FailureError, type Failure } from './core/failure.ts';
export type { Event, EventSink } from './core/event.ts';
export type { Cell, Plan, PlotPlan, TablePlan } from './core/plan.ts';
export type { Result } from './core/result.ts';
export type { Executor, ExecutorFactory, ExecutorOptions } from './executors/executor.ts';
export { executors } from './executors/registry.ts';
export { planPipeline } from './pipeline/plan.ts';
export { renderTables } from './report/tables/render-tables.ts';
export { previewPlan, runPlan, type RunOptions, type RunSummary } from './scheduler/run-plan.ts';
export { catalogue } from './stages/catalogue.ts';
export { kinds } from './stages/registry.ts';
export { openStore } from './store/local.ts';
export type { Entry, Manifest, Store } from './store/store.ts';
