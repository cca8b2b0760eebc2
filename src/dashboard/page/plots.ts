/** Draws charts with Vega: a script of its own, which is loaded once there is something to draw. */
import { expressionInterpreter } from 'vega-interpreter';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { JsonObject } from '../../core/json.ts';

/** A chart on the page. */
export interface Drawing {
  /** Shows other numbers. */
  update(points: readonly JsonObject[]): void;
  remove(): void;
}

/** What the script gives to the page. */
export interface Plots {
  draw(place: HTMLElement, spec: JsonObject, points: readonly JsonObject[]): Promise<Drawing>;
}

/** Charts hold their numbers: nothing is loaded. */
const refuse = (): Promise<never> => Promise.reject(new Error('charts load nothing'));
const loader = { load: refuse, http: refuse, file: refuse, sanitize: refuse };

const plots: Plots = {
  draw: async (place, spec, points) => {
    const { spec: compiled } = compile({ ...spec, datasets: { points } } as unknown as TopLevelSpec);
    // Expressions are interpreted: the page's policy forbids to compile them.
    const view = new View(parse(compiled, undefined, { ast: true }), {
      renderer: 'canvas',
      container: place,
      hover: true,
      loader,
      expr: expressionInterpreter,
    });
    await view.runAsync();
    return {
      update: (next) => void view.data('points', [...next]).runAsync(),
      remove: () => view.finalize(),
    };
  },
};

Object.assign(globalThis, { kdpipePlots: plots });
