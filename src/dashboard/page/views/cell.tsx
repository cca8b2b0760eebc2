import type { ComponentChildren, JSX } from 'preact';
import { isTerminal } from '../../../core/cell-state.ts';
import { isJsonObject, type Json } from '../../../core/json.ts';
import { decimalsOf, numberText } from '../../../report/tables/number-text.ts';
import { duration } from '../../../util/duration.ts';
import { paramsOf, paramText } from '../../data/compare.ts';
import type { CellData } from '../../data/run-data.ts';
import { cellLink, stageLink } from '../links.ts';
import { Section, StateMark, useAnswer } from '../parts.tsx';
import type { ShownRun } from '../shown-run.ts';
import { CurvePanels } from './curves.tsx';
import { Evaluations } from './evaluation.tsx';
import { Log } from './log.tsx';

/** What a cell view is about. */
interface CellProps {
  readonly run: ShownRun;
  readonly cell: CellData;
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A parameter; a cell that it names is a link. */
function Value({ value }: { readonly value: Json }): JSX.Element {
  const id = isJsonObject(value) ? value['$cell'] : undefined;
  return typeof id === 'string' ? <a href={cellLink(id)}>{id}</a> : <>{paramText(value)}</>;
}

function Pairs({
  title,
  pairs,
}: {
  readonly title: string;
  readonly pairs: readonly (readonly [string, ComponentChildren])[];
}): JSX.Element {
  return (
    <div>
      <h3>{title}</h3>
      {pairs.length === 0 ? (
        <p class="muted">None.</p>
      ) : (
        <table class="pairs">
          <tbody>
            {pairs.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Facts({ run, cell }: CellProps): JSX.Element {
  const { progress } = cell;
  const stage = run.live.data.stages[cell.stage];
  const { answer } = useAnswer(() => run.source.result(run.name, cell.id), [cell.id, progress.state]);
  const engine =
    answer && isJsonObject(answer.environment['engine']) ? answer.environment['engine']['name'] : undefined;
  return (
    <>
      <dl class="facts">
        <Fact name="state">
          <StateMark state={progress.state} />
        </Fact>
        {stage && (
          <Fact name="stage">
            <a href={stageLink(stage.id)}>{stage.id}</a> ({stage.kind})
          </Fact>
        )}
        {progress.reason !== undefined && (
          <Fact name={progress.state === 'stopped' ? 'stopped because' : 'ran because'}>{progress.reason}</Fact>
        )}
        {progress.seconds !== undefined && <Fact name="took">{duration(progress.seconds)}</Fact>}
        {answer && <Fact name="made by run">{answer.run}</Fact>}
        {answer && <Fact name="on">{answer.host}</Fact>}
        {typeof engine === 'string' && <Fact name="engine">{engine}</Fact>}
        {answer && <Fact name="result">{answer.path}</Fact>}
      </dl>
      {progress.failure && (
        <p class="problem">
          {progress.failure.message} <code>[{progress.failure.code}]</code> {progress.failure.fix}
        </p>
      )}
      {progress.warnings?.map((warning) => (
        <p key={warning} class="warning">
          {warning}
        </p>
      ))}
      {answer && answer.evaluations.length > 0 && (
        <Evaluations
          all={answer.evaluations}
          pictureOf={(split, index) => run.source.picture(run.name, cell.id, split, index)}
        />
      )}
    </>
  );
}

/**
 * One cell: state, numbers, parameters, curves, evaluation and log.
 *
 * @param props - the run, and the cell's name
 * @returns the view
 */
export function CellView({ run, of }: { readonly run: ShownRun; readonly of: string }): JSX.Element {
  const cell = run.live.cell(of);
  if (!cell) return <p class="problem">This run has no cell called {of}.</p>;
  const { stages } = run.live.data;
  const metrics = Object.entries(cell.progress.metrics ?? {}).map(
    ([name, value]) => [name, numberText(value, decimalsOf([value]))] as const,
  );
  const params = Object.entries(paramsOf({ run: { stages, cell: (id) => run.live.cell(id) }, cell })).map(
    ([name, value]) => [name, <Value key={name} value={value} />] as const,
  );
  const trains = ['train', 'train-teacher', 'distill-student'].includes(stages[cell.stage]?.kind ?? '');
  const isGrowing = run.source.isLive && !isTerminal(cell.progress.state) && !run.live.state.ended;
  return (
    <Section title={cell.id}>
      <Facts key={cell.id} run={run} cell={cell} />
      {trains && <CurvePanels run={run} cells={[cell.id]} />}
      <div class="columns-two">
        <Pairs title="Metrics" pairs={metrics} />
        <Pairs title="Parameters" pairs={params} />
      </div>
      <h3>Log</h3>
      <Log key={cell.id} run={run} cell={cell.id} isGrowing={isGrowing} />
    </Section>
  );
}
