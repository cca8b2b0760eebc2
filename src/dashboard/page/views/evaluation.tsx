import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { classChart, confusionChart, reliabilityChart } from '../../charts/evaluation-charts.ts';
import type { Evaluation } from '../../data/evaluation.ts';
import { ChartView } from '../chart-view.tsx';
import { Choice, Section } from '../parts.tsx';

const nameOf = ({ split, tta }: Evaluation): string => (tta === 'none' ? split : `${split} with ${tta}`);

function Mistakes({ evaluation }: { readonly evaluation: Evaluation }): JSX.Element {
  const { mistakes } = evaluation;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="surest mistakes">
      <table>
        <thead>
          <tr>
            <th scope="col">image</th>
            <th scope="col">is</th>
            <th scope="col">taken for</th>
            <th scope="col" class="number">
              probability
            </th>
          </tr>
        </thead>
        <tbody>
          {mistakes.map(({ name, label, predicted, probability }) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{label}</td>
              <td>{predicted}</td>
              <td class="number">{(100 * probability).toFixed(1)} %</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/**
 * What an evaluation says beyond its numbers: confusion, classes, calibration and the surest mistakes.
 *
 * @param props - evaluations of one cell
 * @returns the part of the page
 */
export function Evaluations({ all }: { readonly all: readonly Evaluation[] }): JSX.Element | null {
  const [wanted, setWanted] = useState('');
  const evaluation = all.find((one) => nameOf(one) === wanted) ?? all[0];
  const charts = useMemo(
    () =>
      evaluation && {
        confusion: confusionChart(evaluation),
        classes: classChart(evaluation),
        reliability: reliabilityChart(evaluation),
      },
    [evaluation],
  );
  if (!evaluation || !charts) return null;
  const { confusion, classes, reliability } = charts;
  return (
    <Section
      title="Evaluation"
      beside={
        all.length > 1 && (
          <Choice label="Split" value={nameOf(evaluation)} options={all.map(nameOf)} onChange={setWanted} />
        )
      }
    >
      <div class="panels wide">
        <figure>
          <figcaption>confusion matrix</figcaption>
          {confusion ? (
            <ChartView chart={confusion} />
          ) : (
            <p class="muted">{evaluation.classes.length} classes are too many to draw: confusion.csv has them all.</p>
          )}
        </figure>
        <figure>
          <figcaption>recall and precision by class, the hardest first</figcaption>
          <ChartView chart={classes} />
        </figure>
        <figure>
          <figcaption>calibration: accuracy by confidence</figcaption>
          <ChartView chart={reliability} />
        </figure>
        <figure>
          <figcaption>surest mistakes</figcaption>
          <Mistakes evaluation={evaluation} />
        </figure>
      </div>
    </Section>
  );
}
