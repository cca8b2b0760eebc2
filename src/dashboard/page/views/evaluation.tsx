import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { classChart, confusionChart, reliabilityChart } from '../../charts/evaluation-charts.ts';
import type { Evaluation } from '../../data/evaluation.ts';
import { ChartView } from '../chart-view.tsx';
import { Choice, Section } from '../parts.tsx';

const nameOf = ({ split, tta }: Evaluation): string => (tta === 'none' ? split : `${split} with ${tta}`);

/** Address of an image of a split; undefined where it is not to be had. */
type PictureOf = (split: string, index: number) => string | undefined;

/** An image, unless it is not to be had: its dataset may be gone. */
function Picture({ address }: { readonly address: string | undefined }): JSX.Element | null {
  const [isMissing, setMissing] = useState(false);
  if (address === undefined || isMissing) return null;
  return <img class="mistaken" src={address} alt="" onError={() => setMissing(true)} />;
}

function Mistakes({
  evaluation,
  pictureOf,
}: {
  readonly evaluation: Evaluation;
  readonly pictureOf: PictureOf;
}): JSX.Element {
  const { mistakes, split } = evaluation;
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
          {mistakes.map(({ index, name, label, predicted, probability }) => (
            <tr key={`${split} ${index}`}>
              <td>
                <Picture address={pictureOf(split, index)} />
                {name}
              </td>
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

/** What {@link Evaluations} shows. */
interface EvaluationsProps {
  readonly all: readonly Evaluation[];
  readonly pictureOf: PictureOf;
}

/**
 * What an evaluation says beyond its numbers: confusion, classes, calibration and the surest mistakes.
 *
 * @param props - evaluations of one cell, and where the images are that they saw
 * @returns the part of the page
 */
export function Evaluations({ all, pictureOf }: EvaluationsProps): JSX.Element | null {
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
          <Mistakes evaluation={evaluation} pictureOf={pictureOf} />
        </figure>
      </div>
    </Section>
  );
}
