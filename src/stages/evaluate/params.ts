import type { ParamSchemas } from '../../params/param-schema.ts';

/** Metrics beside ours. */
export const extraMetrics = {
  extra_metrics: {
    type: 'array',
    items: { type: 'string', 'x-registry': 'metrics' },
    minItems: 1,
    uniqueItems: true,
    description: 'Metrics of plugins that it is measured by as well; ours are measured in any case.',
  },
} as const satisfies ParamSchemas;
