import type { TopLevelSpec } from 'vega-lite';
import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { PlotData } from './plot-data.ts';

declare module 'vega' {
  /** How Vega measures text; its types leave it out. */
  export const textMetrics: { readonly canvas: (use: boolean) => void };
}

/** Notes what a specification asks for that is not in it, and gives none of it. */
function refusingLoader(noted: string[]) {
  const note = (address: string): void => void noted.push(`it loads ${JSON.stringify(address)}`);
  const refuse = (address: string): Promise<never> => {
    note(address);
    return Promise.reject(new Error('refused'));
  };
  // Vega fails outside of our reach where it gets no address at all.
  const sanitize = (address: string): Promise<{ readonly href: string }> => {
    note(address);
    return Promise.resolve({ href: '' });
  };
  return { load: refuse, http: refuse, file: refuse, sanitize };
}

/** Takes what Vega says: its errors are noted, all else is for its authors. */
function errorLogger(noted: string[]) {
  const logger = {
    level: () => logger,
    error: (...words: readonly unknown[]) => {
      noted.push(words.map(String).join(' '));
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}

/**
 * Draws a Vega-Lite specification. It is not trusted: nothing is loaded, expressions are interpreted and never compiled,
 * and text is measured by estimate, so that equal specifications give equal bytes on every machine.
 *
 * @param spec - the specification; its data `points` and `levels` are the plot's
 * @param data - the plot's numbers
 * @param file - the specification as failures show it
 * @returns an SVG document, a mark a line
 * @throws FailureError when it is no Vega-Lite, or asks for data or images from elsewhere
 */
export async function vegaSvg(spec: JsonObject, data: PlotData, file: string): Promise<string> {
  // Loaded only where there is something to draw: it takes a fifth of a second.
  const [vega, lite, { expressionInterpreter: expr }] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('vega-interpreter'),
  ]);
  const noted: string[] = [];
  const logger = errorLogger(noted);
  let svg = '';
  try {
    const { points, levels } = data;
    // Whether it is one, compiling shows.
    const whole: unknown = { ...spec, datasets: { ...(spec['datasets'] as JsonObject | undefined), points, levels } };
    const compiled = lite.compile(whole as TopLevelSpec, { logger }).spec;
    // Estimates of text do not depend on the fonts of the machine; ids of clips start anew in every document.
    vega.textMetrics.canvas(false);
    vega.resetSVGDefIds();
    const runtime = vega.parse(compiled, undefined, { ast: true });
    const view = new vega.View(runtime, { renderer: 'none', loader: refusingLoader(noted), logger, expr });
    svg = await view.toSVG();
    view.finalize();
  } catch (error) {
    noted.push((error as Error).message);
  }
  const [first] = noted;
  if (first === undefined) return `${svg.replace(/><(?!tspan|\/t)/g, '>\n<')}\n`;
  return fail({
    code: 'bad-plot',
    message: `the plot cannot be drawn: ${first}`,
    place: { file },
    expected: 'a Vega-Lite specification over the data "points" and "levels", which loads nothing',
  });
}
