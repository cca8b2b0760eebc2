import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { stateOrder } from '../data/states.ts';
import { cellLink } from './links.ts';
import type { ShownRun } from './shown-run.ts';

/**
 * A link to a cell by its short name.
 *
 * @param props - the run, and the cell's id
 * @returns the link
 */
export function CellLink(props: { readonly run: ShownRun; readonly id: string }): JSX.Element {
  const { run, id } = props;
  return (
    <a href={cellLink(id)} title={id}>
      {run.names.get(id) ?? id}
    </a>
  );
}

/**
 * Names a state, with its colour beside it.
 *
 * @param props - the state, and how many cells are in it
 * @returns the mark
 */
export function StateMark(props: { readonly state: string; readonly count?: number }): JSX.Element {
  const { state, count } = props;
  return (
    <span class={`state state-${state}`}>
      <span class="dot" aria-hidden="true" />
      {count === undefined ? state : `${count} ${state}`}
    </span>
  );
}

/**
 * Shows how many cells are in which state, as a bar and in words.
 *
 * @param props - counts by state
 * @returns the bar
 */
export function StateBar(props: { readonly states: ReadonlyMap<string, number> }): JSX.Element {
  const { states } = props;
  const shown = stateOrder.filter((state) => states.has(state));
  return (
    <span class="bar" aria-hidden="true">
      {shown.map((state) => (
        <span key={state} class={`part state-${state}`} style={{ flexGrow: states.get(state) ?? 0 }} />
      ))}
    </span>
  );
}

/**
 * Writes counts by state.
 *
 * @param states - how many cells are in which
 * @returns `3 finished, 1 running`
 */
export function statesText(states: ReadonlyMap<string, number>): string {
  return stateOrder
    .filter((state) => states.has(state))
    .map((state) => `${states.get(state) ?? 0} ${state}`)
    .join(', ');
}

/**
 * A part of the page with its heading.
 *
 * @param props - heading, what stands beside it, and content
 * @returns the section
 */
export function Section(props: {
  readonly title: string;
  readonly beside?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <section>
      <div class="section-head">
        <h2>{props.title}</h2>
        {props.beside}
      </div>
      {props.children}
    </section>
  );
}

/**
 * A choice with its name.
 *
 * @param props - name, value, choices and who takes the new value
 * @returns the field
 */
export function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChange: (value: string) => void;
}): JSX.Element {
  return (
    <label class="field">
      {props.label}{' '}
      <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
        {props.options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}

/**
 * The moment, again every second while something goes on.
 *
 * @param isGoing - whether it does
 * @returns milliseconds since the Unix epoch
 */
export function useNow(isGoing: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isGoing) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isGoing]);
  return now;
}

/**
 * Waits for an answer.
 *
 * @param question - asks for it
 * @param keys - what it depends on: it is asked again when one changes
 * @returns the answer, once it is there, or why there is none
 */
export function useAnswer<T>(
  question: () => Promise<T>,
  keys: readonly unknown[],
): { readonly answer?: T; readonly problem?: string } {
  const [got, setGot] = useState<{ readonly answer?: T; readonly problem?: string }>({});
  useEffect(() => {
    let isWanted = true;
    question().then(
      (answer) => isWanted && setGot({ answer }),
      (error: unknown) => isWanted && setGot({ problem: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      isWanted = false;
    };
  }, keys);
  return got;
}
