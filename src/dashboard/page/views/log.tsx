import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ShownRun } from '../shown-run.ts';

/** Pause between two looks at a log that grows, and text that is kept of a long one. Milliseconds, characters. */
const glance = 1000;
const mostText = 400_000;

/**
 * What a cell's stage wrote; while it runs, what it goes on to write.
 *
 * @param props - the run, the cell, and whether it may still write
 * @returns the log
 */
export function Log(props: {
  readonly run: ShownRun;
  readonly cell: string;
  readonly isGrowing: boolean;
}): JSX.Element {
  const { run, cell, isGrowing } = props;
  const { source, name } = run;
  const [log, setLog] = useState<{ readonly text: string; readonly cut: boolean }>();
  const next = useRef<number | undefined>(undefined);
  const place = useRef<HTMLPreElement>(null);
  useEffect(() => {
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout>;
    const look = async (): Promise<void> => {
      const piece = await source.log(name, cell, next.current).catch(() => undefined);
      if (!isWanted) return;
      if (piece) {
        const isFirst = next.current === undefined;
        next.current = piece.next;
        if (isFirst || piece.text !== '')
          setLog((before) => {
            const text = isFirst ? piece.text : `${before?.text ?? ''}${piece.text}`;
            return { text: text.slice(-mostText), cut: (before?.cut ?? piece.from > 0) || text.length > mostText };
          });
      }
      if (isGrowing) timer = setTimeout(() => void look(), glance);
    };
    void look();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [cell, isGrowing]);
  useEffect(() => {
    // Whoever reads at the end goes on reading there.
    const pre = place.current;
    if (pre && pre.scrollHeight - pre.scrollTop - pre.clientHeight < 200) pre.scrollTop = pre.scrollHeight;
  }, [log]);
  if (!log) return <p class="muted">…</p>;
  if (log.text === '') return <p class="muted">It wrote nothing in this run.</p>;
  return (
    <>
      {log.cut && <p class="muted">The end of a long log: kdpipe logs prints all of it.</p>}
      <pre ref={place} class="log" tabIndex={0} aria-label={`log of ${cell}`}>
        {log.text}
      </pre>
    </>
  );
}
