/** What is said of one thing that a run needs. */
export interface Finding {
  readonly subject: string;
  /** With a `problem` a run would not work; a `note` costs time or comfort alone. */
  readonly level: 'ok' | 'note' | 'problem';
  readonly text: string;
  /** What it costs. */
  readonly cost?: string;
  /** How to mend it. */
  readonly fix?: string;
}
