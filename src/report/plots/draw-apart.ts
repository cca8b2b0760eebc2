/** Draws a plot by a specification of the user's. */
import type { JsonObject } from '../../core/json.ts';
import { answer } from '../../util/apart/answer.ts';
import type { PlotData } from './plot-data.ts';
import { vegaSvg } from './vega-svg.ts';

/** What it is given. */
export interface PlotCall {
  readonly spec: JsonObject;
  readonly data: PlotData;
  readonly file: string;
}

answer(({ spec, data, file }: PlotCall) => vegaSvg(spec, data, file));
