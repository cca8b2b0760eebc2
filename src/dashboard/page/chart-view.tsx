import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { inked, type Chart, type ChartInk } from '../charts/chart.ts';
import type { Drawing, Plots } from './plots.ts';

declare global {
  /** See `plots.ts`; there once that script has run. */
  var kdpipePlots: Plots | undefined;
}

let loading: Promise<Plots> | undefined;

/** Loads the script that draws; a report holds it. */
function loadPlots(): Promise<Plots> {
  loading ??= new Promise<void>((resolve, reject) => {
    if (globalThis.kdpipePlots) {
      resolve();
      return;
    }
    if (document.getElementById('archive')) {
      document.addEventListener('DOMContentLoaded', () => resolve(), { once: true });
      return;
    }
    const script = document.createElement('script');
    script.src = 'plots.js';
    script.onload = () => resolve();
    script.onerror = () => reject(new Error('the script that draws charts cannot be loaded'));
    document.head.append(script);
  }).then(() => {
    if (!globalThis.kdpipePlots) throw new Error('the script that draws charts did not run');
    return globalThis.kdpipePlots;
  });
  return loading;
}

/** Colours of the page as it is shown. */
function currentInk(): ChartInk {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return { text: colour('--muted'), lines: colour('--line-strong'), faint: colour('--line'), card: colour('--card') };
}

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Whether the page is dark; anew when that changes. */
function useDark(): boolean {
  const [isDark, setDark] = useState(dark.matches);
  useEffect(() => {
    const onChange = (): void => setDark(dark.matches);
    dark.addEventListener('change', onChange);
    return () => dark.removeEventListener('change', onChange);
  }, []);
  return isDark;
}

/**
 * Shows a chart. Where only its numbers change, it is not laid out anew.
 *
 * @param props - the chart
 * @returns its place
 */
export function ChartView(props: { readonly chart: Chart }): JSX.Element {
  const { chart } = props;
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | undefined>(undefined);
  const latest = useRef(chart);
  latest.current = chart;
  const [problem, setProblem] = useState<string>();
  const isDark = useDark();
  const spec = JSON.stringify(chart.spec);
  useEffect(() => {
    const left = new AbortController();
    const isLeft = (): boolean => left.signal.aborted;
    const draw = async (): Promise<void> => {
      const plots = await loadPlots();
      if (isLeft() || !place.current) return;
      const made = await plots.draw(place.current, inked(chart.spec, currentInk()), chart.points);
      if (isLeft()) {
        made.remove();
        return;
      }
      drawing.current = made;
      if (latest.current !== chart) made.update(latest.current.points);
    };
    draw().catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
    return () => {
      left.abort();
      drawing.current?.remove();
      drawing.current = undefined;
    };
  }, [spec, isDark]);
  useEffect(() => {
    drawing.current?.update(chart.points);
  }, [chart]);
  if (problem !== undefined) return <p class="problem">{problem}</p>;
  return <div class="chart" ref={place} role="img" aria-label={chart.title} />;
}
